"""What the losses log, kept on the device until the end of an epoch."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

_FLUSH = 1024


class LossTerm(NamedTuple):
    """A number that the loss of ``phase`` logs at every call."""

    phase: str
    name: str


Series = Mapping[LossTerm, np.ndarray]
"""The value of each term at each of its calls, in their order, float64 (calls,)."""


class LossTerms:
    """Collects losses and their logs without a synchronisation, to be read once per epoch."""

    def __init__(self) -> None:
        self._pending: dict[LossTerm, list[Tensor]] = {}
        self._stacked: dict[LossTerm, list[Tensor]] = {}

    def add(self, phase: str, loss: Tensor, logs: Mapping[str, Tensor]) -> None:
        """Note one call's loss () and logs (); the loss itself is the term ``loss``."""
        for name, value in {**logs, "loss": loss}.items():
            pending = self._pending.setdefault(LossTerm(phase, name), [])
            pending.append(value.detach())
            if len(pending) == _FLUSH:  # a scalar of its own costs some hundred bytes
                self._stacked.setdefault(LossTerm(phase, name), []).append(torch.stack(pending))
                pending.clear()

    def series(self) -> Series:
        """All values of each term in the order of the calls, in one transfer."""
        parts = {
            term: [*self._stacked.get(term, []), *([torch.stack(p)] if p else [])]
            for term, p in self._pending.items()
        }
        lengths = [sum(len(part) for part in series) for series in parts.values()]
        flat = torch.cat([part for series in parts.values() for part in series])
        split = np.split(flat.double().cpu().numpy(), np.cumsum(lengths)[:-1])
        return dict(zip(parts, split, strict=True))


def means(series: Series) -> tuple[dict[str, float], str | None]:
    """Means over the calls by name, and the first term that was not finite, if any.

    A name that several phases log stands as ``phase/name``.
    """
    phases_of = Counter(term.name for term in series)
    label = {t: t.name if phases_of[t.name] == 1 else f"{t.phase}/{t.name}" for t in series}
    # A phase may be called several times a step: positions are compared as parts of the epoch.
    begin = {
        term: int(np.argmin(finite)) / len(finite)
        for term, values in series.items()
        if not (finite := np.isfinite(values)).all()
    }
    first = label[min(begin, key=begin.__getitem__)] if begin else None
    return {label[term]: float(values.mean()) for term, values in series.items()}, first
