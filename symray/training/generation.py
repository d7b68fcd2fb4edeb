"""Molecules with a given property (STIB's appendix, Additional Experiment 4)."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from symray.chem import Generation, assess
from symray.data import Target, form_of
from symray.data.transforms import Symbols
from symray.errors import UserError, nearest
from symray.training.code_distribution import CodeDistribution
from symray.training.loaded import LoadedModel

Prior = Literal["posterior", "prior"]

CANDIDATES = 20_000
"""Points of Z1 that are looked at."""

BATCH = 512
"""Codes that are decoded at a time."""

CLOSE_ENOUGH = 0.01
"""Standard deviations of Y within which the likeliest point is taken."""


@dataclass(frozen=True)
class Generated:
    """Molecules decoded from one point of Z1 and N draws of Z0.

    Attributes:
        wanted: the fixed values by target.
        z1: the point, (d1,); empty for a conditional model, which is told Y.
        expected: what the model predicts there, by target; the wanted values themselves for a
            conditional model.
        smiles: N, None where a code spells none.
        predicted: by target, what the model predicts of each molecule that is fed back, (N,);
            NaN for those that are no molecules. Empty for a model that doesn't predict Y.
        quality: validity, uniqueness, and novelty against the training molecules that were given.
    """

    wanted: Mapping[str, float]
    z1: NDArray[np.float32]
    expected: Mapping[str, float]
    smiles: list[str | None]
    predicted: Mapping[str, NDArray[np.float64]]
    quality: Generation

    def mae(self, target: str) -> float:
        """Mean distance of the predictions from the wanted value; NaN without a molecule."""
        values = self.predicted[target]
        values = values[np.isfinite(values)]
        return float(np.abs(values - self.wanted[target]).mean()) if len(values) else float("nan")


def generate(
    model: LoadedModel,
    wanted: Mapping[str, float],
    count: int,
    seed: int = 0,
    z0_from: Prior = "posterior",
    known: Collection[str] = (),
) -> Generated:
    """Fix properties, find their point of Z1, draw Z0, decode, and ask the model again.

    Z1 is looked for among draws of the validation codes within their range: of those whose
    prediction comes within 0.01 standard deviations, or else the nearest, the likeliest is taken.
    Z0 is drawn from the aggregate posterior of the validation codes, as a Gaussian, or from the
    prior N(0, 1) where ``z0_from`` says so.

    Args:
        model: of molecules.
        wanted: values by the names of :func:`targets_of`; with none Z1 is drawn, too.
        count: N.
        seed: of all draws.
        z0_from: what Z0 is drawn from.
        known: canonical SMILES without stereo, against which molecules are novel.

    Raises:
        UserError: the model is of something else or has no Z1, or there is no such target.
    """
    transform = symbols_of(model)
    generator = torch.Generator().manual_seed(seed)
    spread = _spread(model)
    own = targets_of(model)
    for name in wanted:
        if name not in own:
            raise UserError(f"the model's data have no target '{name}'{nearest(name, own)}")
    is_z1 = model.model.z1_mask.bool()
    conditional = model.model.conditional
    at_a_point = not conditional and bool(wanted)
    if at_a_point and not is_z1.any():
        raise UserError(
            f"model '{model.spec.model}' predicts Y from all of Z, so no property can be fixed "
            "while the rest is drawn: use one that splits Z, such as stib, or a conditional one"
        )
    y = _network_y(model, wanted)
    with torch.inference_mode():
        z = spread.draw(count, generator)
        if z0_from == "prior":
            z = torch.randn(z.shape, generator=generator)
        if at_a_point:
            z[:, is_z1] = _point(model, spread, y, generator)[is_z1]
        network_y = torch.where(y.isnan(), 0.0, y).expand(count, -1) if conditional else None
        indices = torch.cat(
            [transform.mode(model.model.decode(*parts)) for parts in _batches(z, network_y)]
        )
        smiles = transform.outside(indices)
        at_point = model.transforms.y.outside(model.model.predict(z[:1])) if at_a_point else None
    expected = wanted if at_point is None else _by_target(own, at_point, 0)
    return Generated(
        wanted=dict(wanted),
        z1=z[0, is_z1].numpy() if at_a_point else np.empty(0, np.float32),
        expected=expected,
        smiles=smiles,
        predicted=properties(model, smiles)[0] if model.model.predicts_y else {},
        quality=assess(smiles, known, stereo=False),
    )


def properties(
    model: LoadedModel, smiles: list[str | None]
) -> tuple[dict[str, NDArray[np.float64]], dict[int, str]]:
    """Predictions by target (N,), NaN for what isn't a molecule, and why it isn't, by row.

    Raises:
        UserError: the model is of something else, or doesn't predict Y.
    """
    encoded = symbols_of(model).encoded(smiles)
    bad = {one.row: one.reason for one in encoded.bad}
    rows = np.setdiff1d(np.arange(len(smiles)), list(bad))
    y = np.full((len(smiles), model.model.networks.y_dims), np.nan)
    if len(rows):
        y[rows] = model.predict_stored(torch.from_numpy(encoded.indices[rows]))
    return {name: y[:, t.column] * t.factor for name, t in targets_of(model).items()}, bad


@torch.inference_mode()
def draw_x(model: LoadedModel, count: int, seed: int = 0, y: ArrayLike | None = None) -> Any:
    """X decoded from ``count`` draws of the prior N(0, 1), in the data's own units.

    Args:
        model: of anything.
        count: N.
        seed: of all draws.
        y: (N, dy), for a conditional model.

    Raises:
        UserError: a conditional model without ``y``, or another ``y`` than it was trained on.
    """
    network_y = None
    if model.model.conditional:
        if y is None:
            raise UserError(f"model '{model.spec.model}' is told Y: give y")
        network_y = model.transforms.y.inside(y)
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(count, len(model.model.z1_mask), generator=generator)
    transform = model.transforms.x
    made = [transform.mode(model.model.decode(*parts)) for parts in _batches(z, network_y)]
    return transform.outside(torch.cat(made))


def wanted_values(model: LoadedModel, text: str) -> dict[str, float]:
    """``0.9`` or ``gap_ev=6.5,alpha=75`` as values by target.

    Raises:
        UserError: no number, or nothing says of which target it is.
    """
    own = targets_of(model)
    columns = {target.column for target in own.values()}
    wanted: dict[str, float] = {}
    for part in text.split(","):
        name, equals, value = part.rpartition("=")
        if not equals and len(columns) > 1:
            raise UserError(f"target {text}: say of what, as in {next(iter(own))}={text}")
        try:
            wanted[name.strip() or next(iter(own))] = float(value)
        except (ValueError, StopIteration):
            raise UserError(f"target {text}: write a number, or NAME=NUMBER") from None
    return wanted


def targets_of(model: LoadedModel) -> dict[str, Target]:
    """The targets of the data that ``model`` was trained on, by name."""
    return {target.name: target for target in form_of(model.spec.data).targets}


def symbols_of(model: LoadedModel) -> Symbols:
    """The units of a model of molecules.

    Raises:
        UserError: it is one of something else.
    """
    if not isinstance(model.transforms.x, Symbols):
        raise UserError(f"model '{model.spec.model}' was not trained on molecules")
    return model.transforms.x


def _spread(model: LoadedModel) -> CodeDistribution:
    if model.codes is None:
        raise UserError("the model doesn't say where its codes lie: register it again")
    return model.codes


def _network_y(model: LoadedModel, wanted: Mapping[str, float]) -> Tensor:
    """The wanted values as networks see them (dy,), NaN where none is wanted."""
    y = torch.full((model.model.networks.y_dims,), torch.nan)
    transform = model.transforms.y
    for name, value in wanted.items():
        target = targets_of(model)[name]
        column = target.column
        y[column] = (value / target.factor - transform.shift[column]) / transform.scale[column]
    return y


def _point(
    model: LoadedModel, spread: CodeDistribution, y: Tensor, generator: torch.Generator
) -> Tensor:
    """A code (Z,) whose Z1 is the likeliest of those that predict ``y`` (dy,)."""
    codes = spread.draw(CANDIDATES, generator).clamp(spread.low, spread.high)
    wanted = ~y.isnan()
    distance = (model.model.predict(codes) - y)[:, wanted].abs().amax(dim=1)
    is_z1 = model.model.z1_mask.bool()
    centred = (codes - spread.mean)[:, is_z1]
    precision = torch.linalg.inv(spread.covariance[is_z1][:, is_z1])
    unlikely = ((centred @ precision) * centred).sum(dim=1)
    close = distance <= max(CLOSE_ENOUGH, float(distance.min()))
    return codes[torch.where(close, unlikely, torch.inf).argmin()]


def _batches(z: Tensor, y: Tensor | None) -> Iterator[tuple[Tensor, Tensor | None]]:
    for start in range(0, len(z), BATCH):
        rows = slice(start, start + BATCH)
        yield z[rows], None if y is None else y[rows]


def _by_target(own: Mapping[str, Target], y: NDArray[np.float32], row: int) -> dict[str, float]:
    return {name: float(y[row, t.column] * t.factor) for name, t in own.items()}
