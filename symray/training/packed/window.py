"""Where the draws and learning rates of the coming steps stand, for a step that draws nothing."""

from collections.abc import Sequence

import torch
from torch import Tensor

from symray.data.base import Batch
from symray.models.base import Noise
from symray.training.draws import Chunk, draw_chunks
from symray.training.optimise import by_optimiser, calls
from symray.training.trainer import Trainer

MOST_BYTES = 256 * 2**20


class Window:
    """Room on the device for W steps of K members; a step reads what stands at :attr:`place`.

    The tensors stay where they are and only their contents change, as a captured graph needs it.

    Attributes:
        steps: W, an epoch's or as many as :data:`MOST_BYTES` hold.
        place: the step that is next, ().
        rates: learning rates of each optimiser, (W, optimisers, K) float64.
    """

    def __init__(self, like: Trainer, slots: int) -> None:
        phases = [phase.name for phase in calls(like.phases, like.settings)]
        batch_size = int(like.settings["batch_size"])
        one = next(draw_chunks(like.model, like.data, phases, batch_size, 1, torch.Generator()))
        parts = _parts(one)
        step_bytes = slots * sum(part.nbytes for part in parts)
        self.steps = min(like.steps_per_epoch, max(1, MOST_BYTES // step_bytes))

        def room(shape: Sequence[int], dtype: torch.dtype) -> Tensor:
            return torch.zeros((self.steps, *shape), dtype=dtype, device=like.device)

        self._parts = [room((slots, *part.shape[1:]), part.dtype) for part in parts]
        self._noise_names = [list(noise) for noise in one.noise]
        self._expand = like.data.transforms.x.expand
        self.rates = room((len(by_optimiser(like.phases)), slots), torch.float64)
        self.place = torch.zeros((), dtype=torch.long, device=like.device)

    def fill(self, row: int, chunk: Chunk, begin: int) -> None:
        """Copy the steps of ``chunk`` from ``begin`` on, as many as there are and fit."""
        for room, part in zip(self._parts, _parts(chunk), strict=True):
            some = part[begin : begin + self.steps]
            room[: len(some), row].copy_(some)

    def step(self, rows: slice) -> tuple[list[Batch], list[Noise], Tensor]:
        """The next step of the n members ``rows``.

        Returns:
            Minibatches, ``x`` (n, B, ...) as networks see it; each call's noise, (n, ...) by name;
            learning rates, (optimisers, n).
        """
        x, y, *noise = (self._next(part[:, rows]) for part in self._parts)
        batches = [Batch(self._expand(x[:, i]), y[:, i]) for i in range(x.shape[1])]
        drawn = iter(noise)
        named: list[Noise] = [{name: next(drawn) for name in names} for names in self._noise_names]
        return batches, named, self._next(self.rates[..., rows])

    def _next(self, room: Tensor) -> Tensor:
        return room.index_select(0, self.place.view(1)).squeeze(0)


def _parts(chunk: Chunk) -> list[Tensor]:
    """All tensors of ``chunk``, a step in each row: x and y (S, batches, B, ...), the noise."""
    batches = [t.view(chunk.steps, -1, *t.shape[1:]) for t in (chunk.x, chunk.y)]
    return [*batches, *(t for noise in chunk.noise for t in noise.values())]
