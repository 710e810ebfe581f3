"""The measurements behind docs/score.md and docs/speed.md, each a command to rerun."""
