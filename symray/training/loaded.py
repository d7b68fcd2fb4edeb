"""A trained model for use: NumPy arrays in the data's own units in and out."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from symray.data.base import Scaling
from symray.errors import UserError
from symray.models.base import Model
from symray.training.spec import TrialSpec

Array = NDArray[np.float32]


@dataclass(frozen=True)
class LoadedModel:
    """What a bundle holds, ready to use on the CPU.

    Attributes:
        model: in evaluation mode.
        spec: the trial that it came from, without its code's folder.
        scaling: between the data's units and the network's.
        metrics: as they were when the bundle was written; None where one wasn't finite.
    """

    model: Model
    spec: TrialSpec
    scaling: Scaling
    metrics: dict[str, float | None]

    @torch.inference_mode()
    def encode(self, x: ArrayLike) -> dict[str, Array]:
        """q(z|x) of ``x`` (N, dx): ``mean`` and ``sd`` (N, Z), and the means' ``z0`` and ``z1``.

        Raises:
            UserError: ``x`` has another width.
        """
        mean, log_sd = self.model.posterior(self._x(x))
        is_z1 = self.model.z1_mask.bool()
        codes = {"mean": mean, "sd": log_sd.exp(), "z0": mean[:, ~is_z1], "z1": mean[:, is_z1]}
        return {name: code.numpy() for name, code in codes.items()}

    @torch.inference_mode()
    def predict(self, x: ArrayLike) -> Array:
        """Y (N, dy) of ``x`` (N, dx), from the mean codes.

        Raises:
            UserError: ``x`` has another width, or the model doesn't predict Y.
        """
        if not self.model.predicts_y:
            raise UserError(f"model '{self.spec.model}' does not predict Y: use encode")
        y = self.model.predict(self.model.posterior(self._x(x))[0])
        return (y * self.scaling.y_scale + self.scaling.y_shift).numpy()

    @torch.inference_mode()
    def reconstruct(self, x: ArrayLike, y: ArrayLike | None = None) -> Array:
        """X (N, dx) from the mean codes of ``x``; conditional models also need ``y`` (N, dy).

        Raises:
            UserError: ``x`` or ``y`` has another width.
        """
        s = self.scaling
        network_y = None if y is None else _scaled("y", y, s.y_shift, s.y_scale)
        decoded = self.model.decode(self.model.posterior(self._x(x))[0], network_y)
        return (decoded * s.x_scale + s.x_shift).numpy()

    def _x(self, x: ArrayLike) -> Tensor:
        return _scaled("x", x, self.scaling.x_shift, self.scaling.x_scale)


def _scaled(name: str, values: ArrayLike, shift: Tensor, scale: Tensor) -> Tensor:
    rows = torch.from_numpy(np.array(values, dtype=np.float32))
    if rows.ndim != 2 or rows.shape[1] != len(shift):
        raise UserError(f"{name} must have shape (N, {len(shift)}), not {tuple(rows.shape)}")
    return (rows - shift) / scale
