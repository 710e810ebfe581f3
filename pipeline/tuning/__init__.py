"""Search for settings: Optuna asks, stacks of networks answer, bad trials stop early.

`plan` says what is asked for, `halving` trains a batch of trials as one stack, `pools`
says where batches train, `study` is Optuna's side, `search` brings them together, and
`stage` is what the command line calls.
"""
