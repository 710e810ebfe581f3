"""torch.func: the gradient of one network's loss, mapped over stacked parameters."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, stack_module_state, vmap

from pipeline.bench.d2l_loop import network
from pipeline.bench.task import BATCH_SIZE, LR, BenchmarkTask, Parallelism


def train(task: BenchmarkTask, parallelism: Parallelism) -> np.ndarray:
    """Train all networks together; return validation errors, shape (λ, folds)."""
    torch.set_num_threads(parallelism.threads)
    torch.manual_seed(0)
    X, y = torch.from_numpy(task.inputs), torch.from_numpy(task.target)
    net = network(task)
    nets = [network(task) for _ in range(task.networks)]
    parameters = {k: v.detach() for k, v in stack_module_state(nets)[0].items()}

    def predict(own: dict[str, Tensor], rows: Tensor) -> Tensor:
        return torch.as_tensor(functional_call(net, own, rows)).squeeze(-1)

    def loss(own: dict[str, Tensor], rows: Tensor, target: Tensor) -> Tensor:
        return nn.functional.mse_loss(predict(own, rows), target)

    gradients_of = vmap(grad(loss))
    optimizer = torch.optim.Adam(parameters.values(), LR, fused=True)
    shrink = 1 - LR * torch.tensor(task.lambdas).repeat_interleave(len(task.folds))
    # Sizes of folds may differ by one row; vmap needs folds of equal size.
    train_rows, valid_rows = (
        torch.from_numpy(np.stack(_equal_length(part))).repeat(len(task.lambdas), 1)
        for part in zip(*task.folds, strict=True)
    )
    error = torch.empty(0)
    for _ in range(task.epochs):
        order = torch.rand(train_rows.shape).argsort(1)
        for index in torch.split(train_rows.gather(1, order), BATCH_SIZE, 1):
            gradients = gradients_of(parameters, X[index], y[index])
            for name, parameter in parameters.items():
                parameter.grad = gradients[name]
                if name.endswith("weight"):
                    parameter.mul_(shrink[:, None, None])
            optimizer.step()
        predicted = vmap(predict)(parameters, X[valid_rows])
        error = (predicted - y[valid_rows]).square().mean(1).sqrt()
    return error.reshape(-1, len(task.folds)).numpy()


def _equal_length(parts: tuple[np.ndarray, ...]) -> list[np.ndarray]:
    return [part[: min(map(len, parts))] for part in parts]
