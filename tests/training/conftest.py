"""Small models and data whose numbers are known by hand."""

from collections.abc import Sequence
from typing import ClassVar

import pytest
import torch
from torch import Tensor, nn

from symray.data.base import VECTORS, Batch, DataSet, Split, SplitName
from symray.data.transforms import Affine, Transforms
from symray.models.base import Hyperparameters, Loss, Model, Noise, Phase
from symray.networks import Dense, Networks


class TinyData(DataSet):
    """x (N, 2) and y (N, 1) in order: a batch is known by its rows; files' units are ten times."""

    form = VECTORS
    name, key, x_shape, y_dims = "tiny", "tiny-1", (2,), 1
    transforms = Transforms(
        Affine(torch.tensor([1.0, 2.0]), torch.tensor([10.0, 10.0])),
        Affine(torch.zeros(1), torch.tensor([10.0])),
    )

    def __init__(self, rows: int = 12) -> None:
        self.rows = rows
        self.calls: list[int] = []

    def passes(self, batch_size: int) -> int:
        return self.rows // batch_size

    def epoch(self, batch_size: int, steps: int, generator: torch.Generator) -> Batch:
        self.calls.append(steps)
        order = [torch.randperm(self.rows, generator=generator) for _ in range(steps)]
        rows = torch.cat(order)[: steps * batch_size].view(steps, batch_size, 1).float()
        return Batch(torch.cat([rows, -rows], dim=-1), rows)

    def split(self, name: SplitName) -> Split:
        seed = {"validation": 1, "test": 2}[name]
        x = torch.randn(400, 2, generator=torch.Generator().manual_seed(seed))
        return Split(x, x[:, :1] + x[:, 1:], x[:, 0].numpy())


class TinyModel(Model):
    """Codes are x itself, Z1 its second column; two phases share Adam and train one weight each.

    The losses are ``(w - mean(noise))^2`` of the phase's own weight, plus 0 times the other's.
    """

    architecture: ClassVar = {"latent_dims": 2, "z1_dims": 1}
    hyperparameters: ClassVar = {"pull": 1.0}
    phases: ClassVar = (
        Phase("first", ("w",)),
        Phase("second", ("part",), repeat="adversary_steps"),
    )

    def __init__(self, networks: Networks, latent_dims: int = 2, z1_dims: int = 1) -> None:
        super().__init__(networks, latent_dims, z1_dims)
        self.w = nn.Parameter(torch.ones(()))
        self.part = nn.Linear(1, 1, bias=False)
        self.idle = nn.Linear(1, 1)
        self.seen: list[tuple[str, Tensor, float]] = []

    def noise(self, phase: str, batch_size: int) -> dict[str, tuple[int, ...]]:
        return {"e": (batch_size,)}

    def loss(self, phase: str, batches: Sequence[Batch], noise: Noise, hp: Hyperparameters) -> Loss:
        self.seen.append((phase, batches[0].x, float(noise["e"][0])))
        own, other = (self.w, self.part.weight)[:: 1 if phase == "first" else -1]
        distance = own.sum() - noise["e"].mean()
        loss = hp["pull"] * distance**2 + 0 * other.sum()
        return loss, {f"{phase}_distance": distance, "square": distance**2}

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x, torch.full_like(x, -1.0)

    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return z + 0.5 * self.z1_mask

    def predict(self, z: Tensor) -> Tensor:
        return z[:, 1:]


@pytest.fixture
def networks() -> Networks:
    """For :class:`TinyData`."""
    return Dense((2,), 1, hidden_width=4, hidden_layers=1)


@pytest.fixture
def tiny_model() -> type[TinyModel]:
    return TinyModel


@pytest.fixture
def tiny_data() -> type[TinyData]:
    return TinyData
