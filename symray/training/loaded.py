"""A trained model for use: the data's own units in and out."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from symray.data import Transforms
from symray.data.transforms import XTransform
from symray.errors import UserError
from symray.models.base import Model
from symray.training.code_distribution import CodeDistribution
from symray.training.spec import TrialSpec

Array = NDArray[np.float32]


@dataclass(frozen=True)
class LoadedModel:
    """What a bundle holds, ready to use on the CPU.

    Attributes:
        model: in evaluation mode.
        spec: the trial that it came from, without its code's folder.
        transforms: between the data's own and the networks'.
        metrics: as they were when the bundle was written; None where one wasn't finite.
        codes: where the codes of molecules lie.
        used: which latents have a code, (Z,) of 0 and 1; the others' is 0. None for all.
    """

    model: Model
    spec: TrialSpec
    transforms: Transforms
    metrics: dict[str, float | None]
    codes: CodeDistribution | None = None
    used: Tensor | None = None

    @torch.inference_mode()
    def encode(self, x: Any) -> dict[str, Array]:
        """q(z|x) of ``x``, N points: ``mean`` and ``sd`` (N, Z), and the means' ``z0`` and ``z1``.

        Raises:
            UserError: ``x`` is not such as the model was trained on.
        """
        return self.encode_stored(_inside("x", self.transforms.x, x))

    @torch.inference_mode()
    def encode_stored(self, x: Tensor) -> dict[str, Array]:
        """:meth:`encode` of ``x`` (N, ...) as it is stored."""
        mean, log_sd = self._posterior(x)
        is_z1 = self.model.z1_mask.bool()
        codes = {"mean": mean, "sd": log_sd.exp(), "z0": mean[:, ~is_z1], "z1": mean[:, is_z1]}
        return {name: code.numpy() for name, code in codes.items()}

    @torch.inference_mode()
    def predict(self, x: Any) -> Array:
        """Y (N, dy) of ``x``, N points, from the mean codes.

        Raises:
            UserError: ``x`` is not such as the model was trained on, or it doesn't predict Y.
        """
        return self.predict_stored(_inside("x", self.transforms.x, x))

    @torch.inference_mode()
    def predict_stored(self, x: Tensor) -> Array:
        """:meth:`predict` of ``x`` (N, ...) as it is stored."""
        if not self.model.predicts_y:
            raise UserError(f"model '{self.spec.model}' does not predict Y: use encode")
        return self.transforms.y.outside(self.model.predict(self._posterior(x)[0]))

    @torch.inference_mode()
    def reconstruct(self, x: Any, y: ArrayLike | None = None) -> Any:
        """``x``, N points, from its mean codes; conditional models also need ``y`` (N, dy).

        Raises:
            UserError: ``x`` or ``y`` is not such as the model was trained on.
        """
        network_y = None if y is None else _inside("y", self.transforms.y, y)
        mean, _ = self._posterior(_inside("x", self.transforms.x, x))
        output = self.model.decode(mean, network_y)
        return self.transforms.x.outside(self.transforms.x.mode(output))

    @torch.inference_mode()
    def reconstruct_stored(self, x: Tensor) -> Any:
        """:meth:`reconstruct` of ``x`` (N, ...) as it is stored; of no conditional model."""
        mean, _ = self._posterior(x)
        return self.transforms.x.outside(self.transforms.x.mode(self.model.decode(mean, None)))

    def _posterior(self, stored: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_sd = self.model.posterior(self.transforms.x.expand(stored))
        return (mean, log_sd) if self.used is None else (mean * self.used, log_sd * self.used)


def _inside(name: str, transform: XTransform, values: Any) -> Tensor:
    try:
        return transform.inside(values)
    except UserError as error:
        raise UserError(f"{name}: {error}") from None
