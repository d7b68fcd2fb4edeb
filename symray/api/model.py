"""A trained model, from the registry or a folder, ready to use."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
import torch
from numpy.typing import ArrayLike

from symray.data.transforms import Pixels, Symbols
from symray.errors import UserError
from symray.insight.molecules import training_molecules
from symray.insight.predict import model_folder
from symray.training.bundle import load_bundle
from symray.training.generation import Generated, Prior, draw_x
from symray.training.generation import generate as generate_molecules
from symray.training.loaded import LoadedModel
from symray.training.pictures import traverse as traverse_images

VALUES = tuple(np.linspace(-3, 3, 11).tolist())
"""What a traversed latent is set to."""


class TrainedModel(LoadedModel):
    """A trained model on the CPU; :func:`symray.load_model` gives it.

    X and Y are in the data's own units: arrays (N, dx) of numbers, images (N, height, width), or
    a list of N SMILES.
    """

    @torch.inference_mode()
    def decode(self, z: ArrayLike, y: ArrayLike | None = None) -> Any:
        """X of codes ``z`` (N, Z); conditional models also need ``y`` (N, dy).

        >>> import symray
        >>> model = symray.load_model("model")
        >>> model.decode([[0.0, 0.0, 0.0]]).shape
        (1, 2)

        Raises:
            UserError: ``z`` or ``y`` is not such as the model has.
        """
        codes = torch.as_tensor(np.asarray(z, dtype=np.float32))
        dims = len(self.model.z1_mask)
        if codes.ndim != 2 or codes.shape[1] != dims:
            raise UserError(f"z: must be (N, {dims}), not {tuple(codes.shape)}")
        output = self.model.decode(codes, self._network_y(y))
        return self.transforms.x.outside(self.transforms.x.mode(output))

    @overload
    def generate(self, n: int = 100, *, y: ArrayLike | None = None, seed: int = 0) -> Any: ...

    @overload
    def generate(
        self, n: int = 100, *, target: Mapping[str, float], z0: Prior = "posterior", seed: int = 0
    ) -> Generated: ...

    def generate(
        self,
        n: int = 100,
        *,
        y: ArrayLike | None = None,
        target: Mapping[str, float] | None = None,
        z0: Prior = "posterior",
        seed: int = 0,
    ) -> Any:
        """``n`` new X, decoded from codes drawn from the prior N(0, 1).

        >>> import symray
        >>> symray.load_model("model").generate(5).shape
        (5, 2)

        Args:
            n: how many.
            y: for a conditional model, what they are to have, (dy,) or (N, dy).
            target: of molecules, properties to fix by name; Z0 alone is drawn then.
            z0: with ``target``, draw Z0 from the validation codes' Gaussian or from the prior.
            seed: of all draws.

        Returns:
            X or, with ``target``, the molecules with what the model makes of them.

        Raises:
            UserError: ``y`` or ``target`` is not such as the model has.
        """
        if target is not None:
            known = training_molecules(self)
            return generate_molecules(self, target, n, seed, z0, known or ())
        if y is not None:
            wanted = np.asarray(y, dtype=np.float32)
            y = np.broadcast_to(wanted, (n, wanted.shape[-1] if wanted.ndim else 1))
        return draw_x(self, n, seed, y)

    @torch.inference_mode()
    def traverse(
        self, x: Any = None, y: ArrayLike | None = None, values: Sequence[float] = VALUES
    ) -> Any:
        """X as one latent after the other is set to each of S ``values``, the others held.

        >>> import symray
        >>> symray.load_model("model").traverse(values=[-1, 0, 1]).shape
        (3, 3, 2)

        Args:
            x: one X, (1, ...), from whose mean code to start; by default the prior's mean, 0.
            y: its Y (1, dy), for a conditional model.
            values: of the latent.

        Returns:
            (Z, S, ...): of images the probability that a pixel is white, of molecules Z lists of
            S SMILES.

        Raises:
            UserError: ``x`` or ``y`` is not such as the model was trained on.
        """
        dims, steps = len(self.model.z1_mask), len(values)
        code = np.zeros(dims, np.float32) if x is None else self.encode(x)["mean"][0]
        if isinstance(self.transforms.x, Pixels):
            return traverse_images(
                self.model, self.transforms.x, torch.as_tensor(code), list(values)
            )
        codes = np.tile(code, (dims, steps, 1))
        for latent in range(dims):
            codes[latent, :, latent] = values
        rows = None if y is None else np.repeat(np.asarray(y, np.float32), dims * steps, axis=0)
        found = self.decode(codes.reshape(-1, dims), rows)
        if isinstance(self.transforms.x, Symbols):
            return [found[i * steps : (i + 1) * steps] for i in range(dims)]
        return np.asarray(found).reshape(dims, steps, *np.shape(found)[1:])

    def _network_y(self, y: ArrayLike | None) -> torch.Tensor | None:
        if not self.model.conditional:
            return None
        if y is None:
            raise UserError(f"model '{self.spec.model}' is told Y: give y")
        try:
            return self.transforms.y.inside(y)
        except UserError as error:
            raise UserError(f"y: {error}") from None

    def __repr__(self) -> str:
        latents = f"{len(self.model.z1_mask)} latents, {int(self.model.z1_mask.sum())} of them Z1"
        return f"<TrainedModel {self.spec.model}: {latents}>"


def load_model(
    model: str | os.PathLike[str],
    *,
    code: str | os.PathLike[str] | None = None,
    accept_code_change: bool = False,
) -> TrainedModel:
    """Load a trained model; of a folder this needs neither MLflow nor Ray.

    >>> import symray
    >>> model = symray.load_model("model")
    >>> model
    <TrainedModel stib: 3 latents, 1 of them Z1>
    >>> model.predict([[0.5, 1.0]]).shape
    (1, 1)

    Args:
        model: folder of a downloaded model, or ``NAME``, ``NAME@champion``, ``NAME:VERSION`` of the
            registry.
        code: folder of the package of an own model; it is run.
        accept_code_change: use that code even if the model was trained with another.

    Raises:
        UserError: no such model, a file of it is damaged, or its code is missing or has changed.
    """
    with model_folder(os.fspath(model)) as folder:
        loaded = load_bundle(folder, None if code is None else Path(code), accept_code_change)
    return TrainedModel(**vars(loaded))
