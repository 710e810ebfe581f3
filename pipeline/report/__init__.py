"""The HTML report of one run, or of several side by side.

Data flow: run folder → facts, importance → figures → page. Nothing here trains or
changes a run.
"""
