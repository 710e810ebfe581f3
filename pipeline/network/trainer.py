"""Train a stack of networks, one epoch at a time.

A stack holds one network for each pair of a candidate and a replica. A replica is a
(fold, seed) pair. It determines a network's training rows, their order, and its initial
weights. A candidate is a setting of weight decay, learning rate and dropout. So all
candidates use the same batches, which are gathered only once.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import chain
from typing import NamedTuple

import torch
from torch import Tensor

from pipeline.network.adamw import (
    AdamW,
    AdamWOptions,
    AdamWStep,
    new_adamw,
    steps_of,
    update,
)
from pipeline.network.backward import (
    Memory,
    compute_gradients,
    compute_output,
    new_memory,
)
from pipeline.network.batches import Batch, Batches, Rows
from pipeline.network.compiled import compiled
from pipeline.network.inference import BLOCK_ROWS
from pipeline.network.loss import Loss
from pipeline.network.schedule import Schedule
from pipeline.network.stacked_mlp import StackedMLP, Views


class Candidate(NamedTuple):
    """A setting of the hyperparameters that may differ within a stack."""

    weight_decay: float  # λ, decoupled
    lr: float
    dropout: float


class EpochErrors(NamedTuple):
    """The errors of the networks after an epoch, in the unit of the target, [M] each.

    They are root mean squared errors, or mean absolute ones: see `Loss`.
    """

    number: int
    train: Tensor
    valid: Tensor


class TrainingState(NamedTuple):
    """What the training of one candidate's networks reads and writes."""

    networks: Views
    gradients: Views
    memory: Memory
    adamw: AdamW
    loss_constant: Tensor
    dropout: float


class CandidateTrainer:
    """Trains the C networks of one candidate, one per replica."""

    def __init__(
        self,
        candidate: Candidate,
        stack: StackedMLP,
        gradients: StackedMLP,
        memory: Memory,
        loss: Loss,
        adamw: AdamWOptions,
    ) -> None:
        self.candidate, self.stack = candidate, stack
        self._train = compiled_training(loss.gradient)
        lr, decay = candidate.lr, candidate.weight_decay
        self._state = TrainingState(
            stack.views,
            gradients.views,
            memory,
            new_adamw(stack, gradients, lr=lr, weight_decay=decay, options=adamw),
            loss.constant,
            candidate.dropout,
        )

    def train(
        self,
        batches: list[Batch],
        dropout_noise: list[list[Tensor]],
        lr_scales: list[float],
        errors: Tensor,
    ) -> None:
        """Update every network once for each batch.

        Args:
            batches: of each replica.
            dropout_noise: for each batch, a number between 0 and 1 for each unit of the
                hidden layers.
            lr_scales: factor on the learning rate for each batch.
            errors: shape (batches, C, B), to which the errors before each update are
                written.
        """
        adamw_steps = steps_of(self._state.adamw, lr_scales)
        self._train(self._state, batches, dropout_noise, adamw_steps, errors)


@cache
def compiled_training(gradient: Callable[..., None]) -> Callable[..., None]:
    """Return the function that trains with a loss of this gradient, compiled."""
    return compiled(training(gradient))


def training(gradient: Callable[..., None]) -> Callable[..., None]:
    """Return the function that trains with a loss of this gradient.

    The loss of a network is the weighted mean over its batch.
    """

    def train(
        state: TrainingState,
        batches: list[Batch],
        dropout_noise: list[list[Tensor]],
        adamw_steps: list[AdamWStep],
        errors: Tensor,
    ) -> None:
        networks, memory = state.networks, state.memory
        for number, batch in enumerate(batches):
            masks = dropout_masks(dropout_noise[number], state.dropout)
            compute_output(networks, batch.inputs, masks, memory)
            torch.sub(memory.output, batch.targets, out=errors[number])
            gradient(errors[number], state.loss_constant, memory.slope)
            memory.slope.mul_(batch.share)
            compute_gradients(networks, state.gradients, batch.inputs, masks, memory)
            update(state.adamw, adamw_steps[number])

    return train


class Trainer:
    """Trains M = candidates × replicas networks, one epoch at a time.

    Every candidate starts from the same initial weights.

    Args:
        train: the training rows of each replica.
        valid: rows for scoring only. The score of a replica without rows is NaN.
        candidates: their networks are stacked one candidate after the other. If any has
            dropout, noise is drawn for all, so a candidate without dropout is trained
            on other batches than it would be alone.
        seeds: the random seed of each replica: of initial weights, batches and dropout.
        loss: of the errors, for the networks of one candidate.
        hidden: widths of the hidden layers.
        schedule: epochs, batches per epoch, and the learning rate over both.
        adamw: options of the optimizer.
    """

    def __init__(
        self,
        *,
        train: Rows,
        valid: Rows,
        candidates: Sequence[Candidate],
        seeds: Sequence[int],
        loss: Loss,
        hidden: Sequence[int],
        schedule: Schedule,
        adamw: AdamWOptions,
    ) -> None:
        self.train, self.valid, self.schedule = train, valid, schedule
        self.power = loss.power
        self.epoch = 0
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self.device = train.targets.device
        replicas, d_in = len(seeds), train.inputs.d_in
        initialised = StackedMLP.initialised(self.generators, d_in, hidden)
        members = torch.arange(replicas).repeat(len(candidates))
        self.stack = initialised[members].to(str(self.device))
        self._train_batches = Batches(train, schedule.batches, sum(hidden))
        self._valid_batches = Batches(valid, max(1, -(-valid.longest // BLOCK_ROWS)))
        width = self._train_batches.width
        self.memory = new_memory(replicas, width, hidden, str(self.device))
        zeros = StackedMLP.zeros(replicas, d_in, hidden)
        self.gradients = zeros.to(str(self.device))
        self.candidate_trainers = [
            CandidateTrainer(
                candidate,
                self.stack[index * replicas : (index + 1) * replicas],
                self.gradients,
                self.memory,
                loss,
                adamw,
            )
            for index, candidate in enumerate(candidates)
        ]
        self._has_dropout = any(candidate.dropout for candidate in candidates)

    def networks(self, index: int) -> StackedMLP:
        """Return the networks of a candidate. They share the stack's memory."""
        return self.candidate_trainers[index].stack

    def keep(self, indices: Sequence[int]) -> None:
        """Continue with these candidates only; leave other networks as they are."""
        self.candidate_trainers = [self.candidate_trainers[index] for index in indices]

    def run(self) -> Iterator[EpochErrors]:
        """Train the remaining epochs, yielding the errors after each."""
        while self.epoch < self.schedule.epochs:
            yield self.step_epoch()

    def step_epoch(self) -> EpochErrors:
        """Train for one epoch, then score the validation rows."""
        trained = self.train_epoch()
        return EpochErrors(self.epoch, trained, self._score())

    @torch.no_grad()
    def train_epoch(self) -> Tensor:
        """Train on every row once, in a newly shuffled order.

        A candidate is trained on all batches that were gathered together before the
        next candidate is, so that its networks stay in the cache.

        Returns:
            The error of each network during the epoch, shape (M,).
        """
        losses = self._zeros()
        done = 0
        for batches in self._train_batches.shuffled(self.generators):
            noise = [self._dropout_noise(batch.targets.shape[1]) for batch in batches]
            lr_scales = [
                self.schedule.lr_scale(self.epoch, done + number)
                for number in range(len(batches))
            ]
            weight = torch.stack([batch.weight for batch in batches])
            shape = (len(self.candidate_trainers), *weight.shape)
            errors = torch.empty(shape, device=self.device)
            for trainer, own in zip(self.candidate_trainers, errors, strict=True):
                trainer.train(batches, noise, lr_scales, own)
            losses += summed_losses(errors, weight, self.power)
            done += len(batches)
        self.epoch += 1
        return self._mean_error(losses, self.train)

    def _dropout_noise(self, rows: int) -> list[Tensor]:
        """Return uniform noise for each hidden layer, [C, rows, d_out] each."""
        if not self._has_dropout:
            return []
        drawn = []
        for layer in self.stack.layers:
            noise = torch.empty(len(self.generators), rows, layer.shape[2])
            for own, generator in zip(noise, self.generators, strict=True):
                own.uniform_(generator=generator)
            drawn.append(noise.to(self.device))
        return drawn

    def _score(self) -> Tensor:
        """Return the error on the validation rows, shape (M,)."""
        losses = self._zeros()
        for batch in chain.from_iterable(self._valid_batches.in_order()):
            for index, trainer in enumerate(self.candidate_trainers):
                errors = trainer.stack.predict(batch.inputs) - batch.targets
                losses[index] += (batch.weight * errors.abs() ** self.power).sum(1)
        return self._mean_error(losses, self.valid)

    def _zeros(self) -> Tensor:
        shape = (len(self.candidate_trainers), len(self.generators))
        return torch.zeros(shape, device=self.device)

    def _mean_error(self, losses: Tensor, rows: Rows) -> Tensor:
        means = losses / rows.totals().to(self.device)
        return (means.sqrt() if self.power == 2 else means).flatten()


def summed_losses(errors: Tensor, weight: Tensor, power: int) -> Tensor:
    """Return the weighted sums of the predictions' losses: [candidates, C].

    Shapes: errors [candidates, batches, C, B]; weight [batches, C, B].
    """
    return (weight * errors.abs() ** power).sum(3).sum(1)


def dropout_masks(dropout_noise: list[Tensor], dropout: float) -> list[Tensor]:
    """Return inverted dropout masks: 0 or, for a kept unit, 1 / (1 - dropout)."""
    masks: list[Tensor] = []
    if dropout > 0:
        for noise in dropout_noise:
            masks.append((noise >= dropout) / (1 - dropout))
    return masks
