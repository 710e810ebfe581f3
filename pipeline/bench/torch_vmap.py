"""torch.func: one module's loss, differentiated and mapped over stacked parameters."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, stack_module_state, vmap

from pipeline.bench.d2l_loop import network
from pipeline.bench.task import BATCH_SIZE, LR, Setting, Task


def train(task: Task, setting: Setting) -> np.ndarray:
    """Train all networks as one; the validation error of each, [λ, folds]."""
    torch.set_num_threads(setting.threads)
    torch.manual_seed(0)
    X, y = torch.from_numpy(task.inputs), torch.from_numpy(task.target)
    net = network(task)
    nets = [network(task) for _ in range(task.networks)]
    parameters = {k: v.detach() for k, v in stack_module_state(nets)[0].items()}

    def answer(own: dict[str, Tensor], rows: Tensor) -> Tensor:
        return torch.as_tensor(functional_call(net, own, rows)).squeeze(-1)

    def loss(own: dict[str, Tensor], rows: Tensor, truth: Tensor) -> Tensor:
        return nn.functional.mse_loss(answer(own, rows), truth)

    step = vmap(grad(loss))
    optimizer = torch.optim.Adam(parameters.values(), LR, fused=True)
    shrink = 1 - LR * torch.tensor(task.lambdas).repeat_interleave(len(task.folds))
    # Folds may differ by a row; the longest are cut, to be of one length.
    rows, rest = (
        torch.from_numpy(np.stack(_one_length(part))).repeat(len(task.lambdas), 1)
        for part in zip(*task.folds, strict=True)
    )
    error = torch.empty(0)
    for _ in range(task.epochs):
        order = torch.rand(rows.shape).argsort(1)
        for index in torch.split(rows.gather(1, order), BATCH_SIZE, 1):
            slopes = step(parameters, X[index], y[index])
            for name, parameter in parameters.items():
                parameter.grad = slopes[name]
                if name.endswith("weight"):
                    parameter.mul_(shrink[:, None, None])
            optimizer.step()
        error = (vmap(answer)(parameters, X[rest]) - y[rest]).square().mean(1).sqrt()
    return error.reshape(-1, len(task.folds)).numpy()


def _one_length(parts: tuple[np.ndarray, ...]) -> list[np.ndarray]:
    return [part[: min(map(len, parts))] for part in parts]
