"""Encoders and decoders, by the kind of data that they are for."""

from collections.abc import Mapping

from symray.networks.base import Networks
from symray.networks.convolutional import Convolutional
from symray.networks.dense import Dense, frozen, mlp
from symray.networks.gru import GRU, vectorise
from symray.networks.likelihood import squared_error
from symray.networks.recurrent import DeepSmiles, Grammar

NETWORKS: Mapping[str, type[Networks]] = {
    "dense": Dense,
    "convolutional": Convolutional,
    "grammar": Grammar,
    "deepsmiles": DeepSmiles,
}
"""By the name that a data set's form gives."""

__all__ = [
    "GRU",
    "NETWORKS",
    "Convolutional",
    "DeepSmiles",
    "Dense",
    "Grammar",
    "Networks",
    "frozen",
    "mlp",
    "squared_error",
    "vectorise",
]
