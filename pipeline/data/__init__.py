"""From a CSV file to checked, cleaned rows and to numeric features, fitted per fold.

Nothing here knows the columns of a competition, networks or scores.
"""
