"""Hyperparameter search: Optuna proposes trials, successive halving evaluates them.

What a search is asked for (`plan`), what it may try (`space`), how a batch of trials is
trained (`halving`), on which workers (`executors`), the shared study (`study`) and its
file (`journal`), and the loop (`search`). Writing the winner's run is for `stages`.
"""
