"""Encoders and decoders."""

from symray.networks.dense import frozen, mlp

__all__ = ["frozen", "mlp"]
