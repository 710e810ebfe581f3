"""Compiled training: the same numbers as uncompiled, and it runs where it cannot be."""

import pytest
import torch
from tiny_networks import CANDIDATES, rows_of, trainer_of

from pipeline.network import adamw
from pipeline.network import trainer as training_module
from pipeline.network.compiled import compiled
from pipeline.network.loss import huber_gradient
from pipeline.network.trainer import Candidate, compiled_training, training


def test_training_is_compiled():
    assert isinstance(compiled_training(huber_gradient), torch.jit.ScriptFunction)


def trained(dropout=0.0):
    candidates = [Candidate(*each[:2], dropout) for each in CANDIDATES]
    weights = torch.linspace(0.1, 3, 50)
    trainer = trainer_of(rows_of(3, weights=weights), candidates=candidates)
    errors = [each.valid for each in trainer.run()]
    return trainer.stack.tensors() | {"errors": torch.stack(errors)}


def assert_equal(found, expected):
    for name, plain in expected.items():
        assert torch.equal(found[name], plain), name


@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_compiled_training_gives_the_same_numbers_to_the_last_bit(monkeypatch, dropout):
    found = trained(dropout)
    monkeypatch.setattr(training_module, "compiled_training", training)
    assert_equal(found, trained(dropout))


def test_without_torch_s_private_kernel_the_numbers_are_the_same(monkeypatch):
    found, calls = trained(), []

    def counted(*tensors, **options):
        calls.append(options["lr"])
        adamw.public_kernel(*tensors, **options)

    monkeypatch.setattr(adamw, "fused_adamw", counted)
    monkeypatch.setattr(training_module, "compiled_training", training)
    assert_equal(found, trained())
    assert calls


def test_a_function_that_torch_cannot_compile_is_returned_as_it_is():
    def unknown_to_torchscript(*numbers):
        return set(numbers)

    assert compiled(unknown_to_torchscript) is unknown_to_torchscript
