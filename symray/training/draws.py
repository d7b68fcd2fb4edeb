"""Minibatches and noise, drawn many steps at a time so that a step draws nothing."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from symray.data.base import Batch, DataSet
from symray.models.base import Model, Noise


class StepDraws(NamedTuple):
    """Everything random of one step: its minibatches, and the noise of each loss call."""

    batches: list[Batch]
    noise: list[Noise]


class Chunk(NamedTuple):
    """Everything random of S steps: noise where the generator is, data there or on the CPU.

    Attributes:
        steps: S.
        x: stored X of all batches, in order, (S * batches_per_step, B, ...).
        y: their Y, (S * batches_per_step, B, dy).
        noise: of each loss call of a step, (S, ...) by name.
    """

    steps: int
    x: Tensor
    y: Tensor
    noise: list[dict[str, Tensor]]


def draw_chunks(
    model: Model,
    data: DataSet,
    calls: Sequence[str],
    batch_size: int,
    steps: int,
    generator: torch.Generator,
    chunk_bytes: int = 64 * 2**20,
) -> Iterator[Chunk]:
    """Draw ``steps`` steps from ``generator``, in chunks bounded in memory.

    A chunk is a whole number of passes over the data, so that each pass stays a permutation.

    Args:
        model: says how many batches a step wants and the shapes of its noise.
        data: where the batches come from.
        calls: the phase of each loss call of a step, in order.
        batch_size: B.
        steps: how many to draw.
        generator: the trial's own; what it draws is on its device.
        chunk_bytes: what a chunk may take, unless a single pass takes more.
    """
    shapes = [model.noise(phase, batch_size) for phase in calls]
    per_step = model.batches_per_step
    step_bytes = 4 * sum(math.prod(shape) for noise in shapes for shape in noise.values())
    step_bytes += per_step * batch_size * data.point_bytes
    one_pass = max(1, data.passes(batch_size) // per_step)
    chunk = one_pass * max(1, chunk_bytes // (step_bytes * one_pass))
    device = generator.device
    while steps > 0:
        size = min(chunk, steps)
        x, y = data.epoch(batch_size, size * per_step, generator)
        noise = [
            {
                name: torch.randn((size, *shape), generator=generator, device=device)
                for name, shape in one.items()
            }
            for one in shapes
        ]
        yield Chunk(size, x, y, noise)
        steps -= size


def steps_of(
    chunk: Chunk, expand: Callable[[Tensor], Tensor], device: torch.device
) -> Iterator[StepDraws]:
    """The steps of ``chunk`` on ``device``, X as networks see it.

    Args:
        chunk: what was drawn.
        expand: see :meth:`symray.data.transforms.XUnits.expand`.
        device: where the draws go.
    """
    x, y = (t.to(device).unbind() for t in (chunk.x, chunk.y))
    noise = [{name: t.to(device).unbind() for name, t in one.items()} for one in chunk.noise]
    per_step = len(x) // chunk.steps
    for step in range(chunk.steps):
        here = range(step * per_step, (step + 1) * per_step)
        batches = [Batch(expand(x[i]), y[i]) for i in here]
        yield StepDraws(batches, [{name: t[step] for name, t in one.items()} for one in noise])
