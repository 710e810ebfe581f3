"""Experiments: they measure the pipeline and write the tables of docs/."""
