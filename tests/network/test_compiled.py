"""Compiled training: the same numbers as uncompiled, and it runs where it cannot be."""

import pytest
import torch
from tiny_networks import CANDIDATES, rows_of, trainer_of

from pipeline.network import trainer as training_module
from pipeline.network.compiled import compiled
from pipeline.network.loss import huber_gradient
from pipeline.network.trainer import Candidate, compiled_training, training


def test_training_is_compiled():
    assert isinstance(compiled_training(huber_gradient), torch.jit.ScriptFunction)


@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_compiled_training_gives_the_same_numbers_to_the_last_bit(monkeypatch, dropout):
    candidates = [Candidate(*each[:2], dropout) for each in CANDIDATES]
    weights = torch.linspace(0.1, 3, 50)

    def trained():
        trainer = trainer_of(rows_of(3, weights=weights), candidates=candidates)
        errors = [each.valid for each in trainer.run()]
        return trainer.stack.tensors() | {"errors": torch.stack(errors)}

    found = trained()
    monkeypatch.setattr(training_module, "compiled_training", training)
    for name, plain in trained().items():
        assert torch.equal(found[name], plain), name


def test_a_function_that_torch_cannot_compile_is_returned_as_it_is():
    def unknown_to_torchscript(*numbers):
        return set(numbers)

    assert compiled(unknown_to_torchscript) is unknown_to_torchscript
