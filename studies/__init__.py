"""The measurements behind docs/score.md; each module is a command that can be rerun."""
