"""A model on a kind of data: what is known before any number is chosen and any data are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from symray.data.base import DataForm
from symray.models.base import Model
from symray.networks import NETWORKS, Networks


@dataclass(frozen=True)
class Design:
    """A model's class and the form of the data that it is trained on.

    Attributes:
        model: the class.
        data: what X and Y are.
    """

    model: type[Model]
    data: DataForm

    @property
    def networks(self) -> type[Networks]:
        """What the model is built of on these data."""
        return NETWORKS[self.data.networks]

    @property
    def architecture(self) -> Mapping[str, int]:
        """Sizes of the model and of its networks, with their defaults."""
        return {**self.networks.architecture, **self.model.architecture}

    def build(self, x_shape: Sequence[int], y_dims: int, sizes: Mapping[str, float]) -> Model:
        """The model with the numbers that ``sizes`` has under the keys of the architecture."""
        networks = self.networks(x_shape, y_dims, **_chosen(self.networks.architecture, sizes))
        return self.model(networks, **_chosen(self.model.architecture, sizes))


def _chosen(names: Mapping[str, int], sizes: Mapping[str, float]) -> dict[str, Any]:
    return {name: sizes[name] for name in names}
