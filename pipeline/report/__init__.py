"""The report: one page for a run, or for several side by side.

The way of the data: run folder → facts, importance → pictures → page.
"""
