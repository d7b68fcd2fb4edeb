"""A model is a list of phases: what every model of the papers, and a user's own, looks like."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from symray.data.base import Batch
from symray.networks import Networks

Noise = Mapping[str, Tensor]
Hyperparameters = Mapping[str, Tensor]
Loss = tuple[Tensor, dict[str, Tensor]]


@dataclass(frozen=True)
class Phase:
    """One update within a training step.

    Attributes:
        name: handed to :meth:`Model.loss`.
        trains: attributes of the model (modules or parameters) that this phase updates.
        optimiser: phases that name the same optimiser share its state.
        adversarial: trains an adversary, with ``adversary_learning_rate``.
        betas: Adam's, of the optimiser.
        repeat: training setting that says how often the phase is repeated within a step, each
            time with fresh noise; None for once.
    """

    name: str
    trains: tuple[str, ...]
    optimiser: str = "main"
    adversarial: bool = False
    betas: tuple[float, float] = (0.9, 0.999)
    repeat: str | None = None


class Model(nn.Module, ABC):
    """Encoder, decoders and losses of a variational autoencoder with a latent split Z = (Z0, Z1).

    Z has ``latent_dims`` dimensions; the last ``z1_dims`` of them are Z1. The split is a mask in a
    buffer, so models with different splits are one program.

    Subclasses are constructed as ``cls(networks, **architecture)`` where ``networks`` makes the
    encoders and decoders that fit the data and ``architecture`` holds exactly the keys of
    :attr:`architecture`.

    Attributes:
        architecture: constructor arguments and their defaults; each can be set in a study file.
        hyperparameters: numbers that the loss reads from ``hp`` and their defaults; each can be
            set or searched. ``hp`` also holds ``lambda``, which the trainer raises by its schedule.
        vectorisable: whether :meth:`loss` works under ``torch.func.vmap``, where the networks do.
        uses_y: whether the loss reads Y; else Y may be factors that only metrics look at.
        predicts_y: whether :meth:`predict` gives Y.
        conditional: whether :meth:`decode` needs Y.
        splits: whether ``z1_dims`` changes anything.
        batches_per_step: how many minibatches a step draws.
        traced: logs of which the value at each of the first steps is kept, for a curve.
        phases: the updates of a step, in order.
        pretraining: the update of a step on data without Y, which trains what reconstructs X; None
            where a model has none.
    """

    architecture: ClassVar[Mapping[str, int]] = {"latent_dims": 3, "z1_dims": 1}
    hyperparameters: ClassVar[Mapping[str, float]] = {}
    vectorisable: ClassVar[bool] = True
    uses_y: ClassVar[bool] = True
    predicts_y: ClassVar[bool] = True
    conditional: ClassVar[bool] = False
    splits: ClassVar[bool] = True
    batches_per_step: ClassVar[int] = 1
    traced: ClassVar[Sequence[str]] = ()
    phases: ClassVar[Sequence[Phase]] = ()
    pretraining: ClassVar[Phase | None] = None

    z1_mask: Tensor

    def __init__(self, networks: Networks, latent_dims: int, z1_dims: int) -> None:
        super().__init__()
        self.networks = networks
        is_z1 = [float(j >= latent_dims - z1_dims) for j in range(latent_dims)]
        self.register_buffer("z1_mask", torch.tensor(is_z1))

    @property
    def z0_mask(self) -> Tensor:
        """1 where a latent belongs to Z0, else 0; (Z,)."""
        return 1 - self.z1_mask

    @abstractmethod
    def noise(self, phase: str, batch_size: int) -> dict[str, tuple[int, ...]]:
        """Shapes of the standard normal arrays that one call of :meth:`loss` needs."""

    @abstractmethod
    def loss(self, phase: str, batches: Sequence[Batch], noise: Noise, hp: Hyperparameters) -> Loss:
        """The phase's loss and what to log of it.

        Pure: no randomness but ``noise``, no synchronisation, no Python branch on data. ``hp`` are
        scalar tensors.

        Returns:
            loss () and logs, scalar tensors by name.
        """

    @abstractmethod
    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log standard deviation of q(z|x), each (N, Z); unused latents are 0."""

    @abstractmethod
    def decode(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """The parameters of p(x|z) from codes (N, Z), for vectors X itself (N, dx).

        Conditional models also need ``y`` (N, dy).
        """

    def predict(self, z: Tensor) -> Tensor:
        """Y from codes (N, Z), for models with ``predicts_y``. Returns (N, dy)."""
        raise TypeError(f"{type(self).__name__} does not predict Y")

    def forward(self, *args: Any) -> Loss:
        """Alias of :meth:`loss`, for ``torch.func.functional_call``."""
        return self.loss(*args)
