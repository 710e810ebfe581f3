"""Kaggle: its files fetched, a submission sent, and what it answered.

Only `client`, `errors` and `login` know Kaggle's own client, which is an extra.
"""
