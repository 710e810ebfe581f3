"""Infer a schema from train.csv and test.csv: kinds, id, target, and why.

`schema.py` calls the other files in turn: they find the texts of blank cells, the id
and the target, and for every other column whether it has dates, numbers, words or free
text. `toml.py` writes the result as a file that a person can read and edit.
"""
