"""From a CSV file to checked, cleaned rows and to numeric features, fitted per fold.

Anything about the columns of the competition belongs here; networks and scores do not.
"""
