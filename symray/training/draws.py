"""Minibatches and noise, drawn many steps at a time so that a step draws nothing."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch

from symray.data.base import Batch, DataSet
from symray.models.base import Model, Noise


class StepDraws(NamedTuple):
    """Everything random of one step: its minibatches, and the noise of each loss call."""

    batches: list[Batch]
    noise: list[Noise]


def draw_steps(
    model: Model,
    data: DataSet,
    calls: Sequence[str],
    batch_size: int,
    steps: int,
    generator: torch.Generator,
    device: torch.device,
    chunk_bytes: int = 64 * 2**20,
) -> Iterator[StepDraws]:
    """Draw ``steps`` steps from ``generator``, in chunks bounded in memory.

    A chunk is a whole number of passes over the data, so that each pass stays a permutation.

    Args:
        model: says how many batches a step wants and the shapes of its noise.
        data: where the batches come from.
        calls: the phase of each loss call of a step, in order.
        batch_size: B.
        steps: how many to yield.
        generator: the trial's own CPU generator.
        device: where the draws go.
        chunk_bytes: what a chunk may take, unless a single pass takes more.
    """
    shapes = [model.noise(phase, batch_size) for phase in calls]
    per_step = model.batches_per_step
    step_bytes = 4 * sum(math.prod(shape) for noise in shapes for shape in noise.values())
    step_bytes += per_step * batch_size * data.point_bytes
    one_pass = max(1, data.passes(batch_size) // per_step)
    chunk = one_pass * max(1, chunk_bytes // (step_bytes * one_pass))
    expand = data.units.x.expand
    while steps > 0:
        size = min(chunk, steps)
        x, y = (t.to(device).unbind() for t in data.epoch(batch_size, size * per_step, generator))
        noise = [_normal(size, noise, generator, device) for noise in shapes]
        for step in range(size):
            here = range(step * per_step, (step + 1) * per_step)
            yield StepDraws([Batch(expand(x[i]), y[i]) for i in here], [n[step] for n in noise])
        steps -= size


def _normal(
    size: int,
    shapes: dict[str, tuple[int, ...]],
    generator: torch.Generator,
    device: torch.device,
) -> list[Noise]:
    """Standard normal noise of ``size`` calls."""
    drawn = {
        name: torch.randn((size, *shape), generator=generator).to(device).unbind()
        for name, shape in shapes.items()
    }
    return [{name: series[i] for name, series in drawn.items()} for i in range(size)]
