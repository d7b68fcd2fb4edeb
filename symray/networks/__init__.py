"""Encoders and decoders, by the kind of data that they are for."""

from collections.abc import Mapping

from symray.networks.base import Networks
from symray.networks.dense import Dense, frozen, mlp
from symray.networks.likelihood import squared_error

NETWORKS: Mapping[str, type[Networks]] = {"dense": Dense}

__all__ = ["NETWORKS", "Dense", "Networks", "frozen", "mlp", "squared_error"]
