"""A held-out split as a model sees it: codes, reconstructions, what Z0 knows of Y."""

from collections.abc import Callable, Mapping
from functools import cached_property

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from symray.data.base import DataSet, Split, XKind
from symray.data.transforms import Affine, Symbols, XTransform
from symray.errors import UserError
from symray.metrics import (
    Bound,
    Probe,
    kraskov_mi,
    linear_probe,
    neural_mi,
    nonlinear_probe,
    shuffled_mi,
    shuffled_neural_mi,
    y_shift,
    z0_gain,
)
from symray.metrics.disentanglement import DCI, dci
from symray.metrics.neural_mi import FEWEST_POINTS as FEWEST_FOR_NEURAL_MI
from symray.metrics.probes import FEWEST_POINTS
from symray.models.base import Model
from symray.models.gaussian import kl
from symray.training.seeds import stream_seed
from symray.training.strings import Strings

_CHUNK: Mapping[XKind, int] = {"vectors": 4096, "images": 4096, "strings": 512}
"""Points at a time; a string's states are many."""
_SHUFFLES = 5


def _absolute_error(model: Model, transform: XTransform, output: Tensor, stored: Tensor) -> Tensor:
    assert isinstance(transform, Affine)
    return ((output - stored).abs() * transform.scale.to(output)).sum(1)


def _nats(model: Model, transform: XTransform, output: Tensor, stored: Tensor) -> Tensor:
    pixels = transform.expand(stored)
    return binary_cross_entropy_with_logits(output, pixels, reduction="none").sum((1, 2, 3))


def _string_nats(model: Model, transform: XTransform, output: Tensor, stored: Tensor) -> Tensor:
    # only their mean is ever looked at
    return model.networks.x_error(output, transform.expand(stored)).expand(len(stored))


_X_ERROR: Mapping[XKind, Callable[[Model, XTransform, Tensor, Tensor], Tensor]] = {
    "vectors": _absolute_error,
    "images": _nats,
    "strings": _string_nats,
}
"""By the kind of X: errors (N,) of a decoder's output."""


class Encoded:
    """``split`` of ``data`` through ``model``; all tensors are on the CPU.

    Attributes:
        x: inputs (N, ...) as the data set stores them.
        y: Y (N, dy) in the data's own units, or as networks see it where these can't be summed.
        mean: means of q(z|x), (N, Z).
        log_sd: log standard deviations of q(z|x), (N, Z).
        used: which latents carry ``least_kl`` nats, (Z,) of 0 and 1.
    """

    def __init__(
        self, model: Model, data: DataSet, split: Split, seed: int, least_kl: float = 0.0
    ) -> None:
        """Encode ``split``.

        A latent whose KL(q(z|x) || p) is below ``least_kl`` in the mean over the validation split
        counts as the prior: what its mean still says lies far below the noise of its samples, but
        whoever scales mean codes, as a probe does, would read it.
        """
        self._model, self._units, self._seed = model, data.transforms, seed
        self._x_kind, self._targets = data.form.x, data.form.targets
        self._mixes_units = data.form.mixes_units
        self._device = model.z1_mask.device
        self._network_y = split.y
        self.x = split.x
        self.y = self._outside_y(split.y)
        self.used = torch.ones_like(model.z1_mask)
        if least_kl:
            mean, log_sd = self._chunked(self._posterior, data.split("validation").x)
            self.used = (kl(mean, log_sd).mean(0) >= least_kl).to(self.used)
        self.mean, self.log_sd = self._chunked(self._posterior, split.x)

    @cached_property
    def x_hat(self) -> Tensor:
        """The reconstructions from the mean codes, stored as ``x`` is."""
        return self._rebuilt[0]

    @cached_property
    def strings(self) -> Strings:
        """The reconstructions of strings against what they should be."""
        assert isinstance(self._units.x, Symbols)
        return Strings(self._units.x.codec, self.x.numpy(), self.x_hat.numpy())

    def x_error(self, z: Tensor | None = None) -> float:
        """Error of the reconstructions from codes (N, Z), by default the means, mean over points.

        What it measures follows the kind of X: absolute errors in the data's own units summed over
        dimensions, or nats summed over pixels or positions.
        """
        if z is None or z is self.mean:
            return float(self._rebuilt[1].double().mean())
        (errors,) = self._chunked(
            lambda z, y, x: (self._error(self._model.decode(z, y), x),), z, self._network_y, self.x
        )
        return float(errors.double().mean())

    def target_mae(self, name: str) -> float:
        """MAE of the target ``name``, in its unit."""
        target = next(one for one in self._targets if one.name == name)
        scale = float(self._units.y.scale[target.column]) if self._mixes_units else 1.0
        error = (self.predict(self.mean) - self.y)[:, target.column].abs().double().mean()
        return float(error) * scale * target.factor

    @cached_property
    def z0(self) -> Tensor:
        """The columns of ``mean`` that belong to Z0."""
        return self.mean[:, self._model.z0_mask.cpu().bool()]

    def kl(self, mask: Tensor) -> float:
        """Mean over the points of KL(q(z|x) || p) over the latents in ``mask`` (Z,), in nats."""
        return float((kl(self.mean, self.log_sd) * mask.cpu()).sum(1).mean())

    def decode(self, z: Tensor) -> Tensor:
        """The most probable X of a code (N, Z) per point, stored as ``x`` is.

        Conditional models see the points' own Y.
        """
        mode = self._units.x.mode
        (x,) = self._chunked(lambda z, y: (mode(self._model.decode(z, y)),), z, self._network_y)
        return x

    def predict(self, z: Tensor) -> Tensor:
        """Y (N, dy) from codes (N, Z), in the units of :attr:`y`."""
        (y,) = self._chunked(lambda z: (self._model.predict(z),), z)
        return self._outside_y(y)

    def encode(self, x: Tensor) -> Tensor:
        """Means of q(z|x), (N, Z), of any stored ``x`` (N, ...)."""
        return self._chunked(self._posterior, x)[0]

    def mi(self, k: int, standardize: bool = True, sampled: bool = False) -> float:
        """Kraskov's MI(Z0; Y) in bits, of the mean codes or of one draw of q(z0|x) per point.

        0 where Z0 is empty.
        """
        z0 = self._drawn_z0() if sampled else self.z0
        return kraskov_mi(z0, self.y, k=k, standardize=standardize, device=self._accelerator)

    @cached_property
    def mi_floor(self) -> tuple[float, float]:
        """What ``mi(3)`` gives for independent data: mean and standard deviation over shuffles."""
        return shuffled_mi(
            self.z0, self.y, shuffles=_SHUFFLES, seed=self._seed, device=self._accelerator
        )

    @cached_property
    def neural_mi(self) -> Bound:
        """A learned lower bound on MI(Z0; Y) of the mean codes, in bits."""
        self._check_enough_for_neural_mi()
        return neural_mi(self.z0, self.y, seed=self._seed)

    @cached_property
    def neural_mi_floor(self) -> Bound:
        """What :attr:`neural_mi` gives with Y shuffled."""
        self._check_enough_for_neural_mi()
        return shuffled_neural_mi(self.z0, self.y, seed=self._seed)

    @cached_property
    def linear_probe(self) -> Probe:
        """A linear probe of Y from Z0, trained on the split's first half and scored on the rest."""
        return linear_probe(*self._halves())

    @cached_property
    def nonlinear_probe(self) -> Probe:
        """The same with a nonlinear probe."""
        return nonlinear_probe(*self._halves(), seed=self._seed)

    @cached_property
    def factors(self) -> Tensor:
        """``y`` as integer classes (N, f)."""
        return self.y.long()

    @cached_property
    def dci(self) -> DCI:
        """Disentanglement, completeness and informativeness of the mean codes."""
        return dci(self.mean, self.factors)

    def y_shift(self) -> float:
        """How far Y predicted from the decoded X moves when only Z0 is resampled."""
        mask = self._model.z0_mask.cpu()
        return y_shift(self.mean, mask, self.decode, self.encode, self.predict, self._seed)

    def z0_gain(self) -> float:
        """What the reconstruction of X owes to Z0."""
        return z0_gain(self.mean, self._model.z0_mask.cpu(), self.x_error, self._seed)

    @cached_property
    def _rebuilt(self) -> tuple[Tensor, Tensor]:
        """Reconstructions from the mean codes and their errors, in one pass."""

        def rebuild(z: Tensor, y: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
            output = self._model.decode(z, y)
            return self._units.x.mode(output), self._error(output, x)

        x_hat, errors = self._chunked(rebuild, self.mean, self._network_y, self.x)
        return x_hat, errors

    def _error(self, output: Tensor, stored: Tensor) -> Tensor:
        return _X_ERROR[self._x_kind](self._model, self._units.x, output, stored)

    def _outside_y(self, y: Tensor) -> Tensor:
        return y if self._mixes_units else torch.from_numpy(self._units.y.outside(y))

    def _posterior(self, stored: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_sd = self._model.posterior(self._units.x.expand(stored))
        return mean * self.used, log_sd * self.used

    def _drawn_z0(self) -> Tensor:
        generator = torch.Generator().manual_seed(stream_seed(self._seed, "codes"))
        noise = torch.randn(self.mean.shape, generator=generator)
        drawn = self.mean + self.log_sd.exp() * noise
        return drawn[:, self._model.z0_mask.cpu().bool()]

    @property
    def _accelerator(self) -> str | None:
        return None if self._device.type == "cpu" else str(self._device)

    def _check_enough_for_neural_mi(self) -> None:
        if len(self.y) < FEWEST_FOR_NEURAL_MI:
            raise UserError(
                f"mi_z0_y_neural needs a held-out split of {FEWEST_FOR_NEURAL_MI} points, but it "
                f"has {len(self.y)}: give more data, or leave it out"
            )

    def _halves(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        half = len(self.y) // 2
        if half < FEWEST_POINTS:
            raise UserError(
                f"probes need a held-out split of {2 * FEWEST_POINTS} points, but it has "
                f"{len(self.y)}: give more data, or leave the probe_ metrics out"
            )
        return self.z0[:half], self.y[:half], self.z0[half:], self.y[half:]

    def _chunked(
        self, function: Callable[..., tuple[Tensor, ...]], *inputs: Tensor
    ) -> tuple[Tensor, ...]:
        """``function`` of the rows of ``inputs`` on the model's device, bounded in memory."""
        parts = [
            [output.cpu() for output in function(*(rows.to(self._device) for rows in chunk))]
            for chunk in zip(*(torch.split(t, _CHUNK[self._x_kind]) for t in inputs), strict=True)
        ]
        return tuple(torch.cat(outputs) for outputs in zip(*parts, strict=True))
