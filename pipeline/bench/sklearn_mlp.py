"""scikit-learn's MLPRegressor, trained by cross_val_score."""

import warnings

import numpy as np
from joblib import Parallel, delayed
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import cross_val_score
from sklearn.neural_network import MLPRegressor
from threadpoolctl import threadpool_limits

from pipeline.bench.task import BATCH_SIZE, FOLDS, LR, BenchmarkTask, Parallelism, Split


def train(task: BenchmarkTask, parallelism: Parallelism) -> np.ndarray:
    """Train every network; return their validation errors, shape (λ, folds).

    There is one call of cross_val_score per network, so that jobs share them evenly.
    """
    with threadpool_limits(parallelism.threads):
        errors = Parallel(parallelism.jobs)(
            delayed(_train_one)(task, alpha, fold)
            for alpha in task.lambdas
            for fold in task.folds
        )
    return np.array(errors).reshape(-1, FOLDS)


def _train_one(task: BenchmarkTask, alpha: float, fold: Split) -> float:
    model = MLPRegressor(
        hidden_layer_sizes=(task.hidden,),
        alpha=alpha,
        batch_size=BATCH_SIZE,
        learning_rate_init=LR,
        max_iter=task.epochs,
        n_iter_no_change=task.epochs + 1,  # no early stopping
        random_state=0,
    )
    scoring = "neg_root_mean_squared_error"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        score = cross_val_score(
            model, task.inputs, task.target, cv=[fold], scoring=scoring
        )
    return -float(score[0])
