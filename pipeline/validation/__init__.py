"""Cross-validation: folds, what is fitted on each fold, training in parallel, scores.

Nothing here writes files; run folders are written in `pipeline.runs`.
"""
