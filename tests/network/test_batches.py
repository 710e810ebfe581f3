"""Batches hold each row of a replica once, in even parts; padding has no weight."""

from itertools import chain

import pytest
import torch
from tiny_networks import ROWS, rows_of, trainer_of

from pipeline.data.encoder import CACHE_LINE
from pipeline.network.batches import Batches, cut_evenly


@pytest.mark.parametrize("pieces", [1, 3, 7])
def test_rows_are_cut_as_tensor_split_cuts_them_and_padded_with_0(pieces):
    numbers = torch.arange(1, 51) * 3
    cut = cut_evenly(numbers, pieces, 50)
    for own, expected in zip(cut, numbers.tensor_split(pieces), strict=True):
        assert torch.equal(own[: len(expected)], expected)
        assert (own[len(expected) :] == 0).all()


def test_every_row_of_a_replica_is_in_one_batch_of_an_epoch():
    lengths = [50, 49, 31]
    rows = rows_of(3, lengths)
    generators = [torch.Generator().manual_seed(seed) for seed in range(3)]
    (batches,) = Batches(rows, 4).shuffled(generators)
    assert {batch.inputs.shape for batch in batches} == {(3, 13, 16)}
    for replica, length in enumerate(lengths):
        seen = torch.cat([b.targets[replica][b.weight[replica] > 0] for b in batches])
        own = rows.targets[0, :length]
        assert torch.equal(seen.sort().values, own.sort().values)
        assert not torch.equal(seen, own)


def test_the_shares_of_a_batch_add_up_to_one_with_any_weights():
    weights = torch.linspace(0.1, 3, ROWS)
    (batches,) = Batches(rows_of(2, [50, 33], weights), 4).in_order()
    for batch in batches:
        torch.testing.assert_close(batch.share.sum(1), torch.ones(2))
        assert (batch.share[batch.weight == 0] == 0).all()


@pytest.mark.parametrize("gathered", [1, 2 * 3 * 10 * CACHE_LINE])
def test_batches_gathered_a_few_at_a_time_are_the_same(monkeypatch, gathered):
    rows = rows_of(3)
    (at_once,) = Batches(rows, 5).in_order()
    monkeypatch.setattr("pipeline.network.batches.GATHERED", gathered)
    few = chain.from_iterable(Batches(rows, 5).in_order())
    for one, other in zip(at_once, few, strict=True):
        assert all(map(torch.equal, one, other))


def test_a_replica_without_validation_rows_has_no_score():
    none = rows_of(2).emptied()
    trainer = trainer_of(rows_of(2), valid=none, seeds=[1, 2], delta=torch.ones(2))
    epoch = trainer.step_epoch()
    assert epoch.train.isfinite().all()
    assert epoch.valid.isnan().all()
