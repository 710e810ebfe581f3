"""Kaggle: download the data, submit a file, and keep the score that it gets.

Only `push`, `client` and `credentials` need Kaggle's own client, which is an extra.
What is written to data/raw and submissions is for `stages`, receipts aside.
"""
