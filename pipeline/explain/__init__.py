"""Why a row has its prediction: an interval, similar rows, and what each column adds.

Nothing here trains, prints or loads torch.
"""
