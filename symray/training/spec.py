"""What a trial is: everything that decides which numbers come out of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from symray.training.settings import Settings


@dataclass(frozen=True)
class TrialSpec:
    """A trial, before a device and a place to run are chosen.

    Attributes:
        model: a built-in model's name, or ``package.module:Class`` of the user's own.
        data: what :func:`symray.data.load_data` understands.
        settings: the trial's numbers, see :func:`symray.training.settings.resolve_settings`.
        seed: >= 0; decides the initial weights, the minibatches and the noise.
        code: folder of the package that holds an own model.
        pretrains: whether only the model's pretraining phase is trained.
        begins_with: folder of the checkpoints of the pretraining that it begins with.
    """

    model: str
    data: str | dict[str, Any]
    settings: Settings
    seed: int
    code: str | None = None
    pretrains: bool = False
    begins_with: str | None = None

    def with_seed(self, seed: int) -> "TrialSpec":
        """The same trial under another seed."""
        return replace(self, seed=seed)

    def to_json(self) -> dict[str, Any]:
        """The trial as an object of plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "TrialSpec":
        """The inverse of :meth:`to_json`."""
        return cls(**value)
