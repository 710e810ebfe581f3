"""Infer a schema from train.csv and test.csv: kinds, id, target, and why.

`schema.py` asks the questions in turn, one file each: which texts are blanks, which
columns are id and target, is a column numbers, dates, words or free text. `toml.py`
writes the answers for a person to read and to edit.
"""
