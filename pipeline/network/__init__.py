"""The stacked MLP: training and prediction on matrices of numbers.

Nothing here knows of folds, houses' prices, run folders or commands.
"""
