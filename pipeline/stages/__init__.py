"""One module per command, with the same name, which does its work.

Nothing here parses options or prints: `pipeline.cli` does.
"""
