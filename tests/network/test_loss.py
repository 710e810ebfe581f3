"""The gradients of the losses equal autograd's."""

import torch
from torch import nn

from pipeline.network.loss import huber_loss


def test_the_gradient_of_the_huber_loss_equals_autograds():
    delta = torch.tensor([0.5, 1.0, 2.0])
    errors = torch.linspace(-4, 4, 3 * 20).view(20, 3).mT.contiguous()
    leaf = errors.clone().requires_grad_()
    losses = [
        nn.HuberLoss(delta=each.item(), reduction="sum")(own, torch.zeros_like(own))
        for own, each in zip(leaf.unbind(0), delta, strict=True)
    ]
    sum(losses).backward()
    gradient = torch.empty_like(errors)
    loss = huber_loss(delta)
    loss.gradient(errors, loss.constant, gradient)
    torch.testing.assert_close(gradient, leaf.grad)
