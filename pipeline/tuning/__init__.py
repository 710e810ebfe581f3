"""Hyperparameter search: Optuna proposes trials, successive halving evaluates them.

The options and the parts of a search (`plan`), what it may try (`space`), its trials in
a file (`study`), the workers (`executors`), and the training and the loop (`search`).
Choosing the winner and writing its run is for `stages`.
"""
