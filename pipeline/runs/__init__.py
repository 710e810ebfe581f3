"""Run folders: written, found, checked and loaded for prediction, logged to MLflow.

Training and the commands are elsewhere; `record` alone knows the keys of run.json.
"""
