"""Many trials trained as one program; ``docs/packing.md`` says how and when it pays."""

from symray.training.packed.key import pack_key
from symray.training.packed.trainer import PackedTrainer

__all__ = ["PackedTrainer", "pack_key"]
