"""Strings of symbols: from a molecule to its indices, to what networks see, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from symray.chem import Codec, Encoded, canonical_batch, codec_from_json
from symray.data.transforms.base import XTransform
from symray.errors import UserError


@dataclass(frozen=True)
class Symbols(XTransform):
    """SMILES: stored as a codec's indices (N, L), seen by networks as one-hot rows (N, L, V).

    Attributes:
        codec: between SMILES and indices; it is saved with every model.
        canonical: whether networks know only canonical SMILES without stereo chemistry; what comes
            from outside is turned into such.
    """

    codec: Codec
    canonical: bool = False

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Symbols":
        """The inverse of :meth:`to_json`.

        Raises:
            UserError: this version of symray has another codec of that name.
        """
        return cls(codec_from_json(value["codec"]), value["canonical"])

    def expand(self, stored: Tensor) -> Tensor:
        """Indices (..., L) as float32 (..., L, V)."""
        shape = (*stored.shape, self.codec.vocabulary_size)
        ones = torch.ones((), device=stored.device).expand(*stored.shape, 1)
        return torch.zeros(shape, device=stored.device).scatter(
            -1, stored.long().unsqueeze(-1), ones
        )

    def mode(self, output: Tensor) -> Tensor:
        """Indices (N, L) by logits (N, L, V), the most probable one at each position in turn.

        By a grammar's masks, where the codec has one.
        """
        return torch.from_numpy(self.codec.choose(output.detach().float().cpu().numpy()))

    def inside(self, values: Any) -> Tensor:
        """SMILES (N,) as indices (N, L).

        Raises:
            UserError: they are no SMILES, or one can't be encoded; names the first such line.
        """
        if isinstance(values, str) or not isinstance(values, Sequence):
            raise UserError(f"must be a list of SMILES, not {type(values).__name__}")
        encoded = self.encoded(values)
        if encoded.bad:
            raise UserError(encoded.bad[0].sentence())
        return torch.from_numpy(encoded.indices)

    def encoded(self, smiles: Sequence[str | None]) -> Encoded:
        """:meth:`inside` that goes on where a molecule can't be read, and says which."""
        read = canonical_batch(smiles, stereo=False)
        found = self.codec.encode_batch(read.smiles if self.canonical else smiles)
        bad = {one.row: one for one in [*found.bad, *read.bad]}  # RDKit's reason is the better one
        rows = [replace(bad[row], smiles=smiles[row] or "") for row in sorted(bad)]
        return found._replace(bad=rows)

    def outside(self, stored: Tensor) -> list[str | None]:
        """The SMILES of each row of ``stored`` (N, L), None where it spells none."""
        return self.codec.decode_batch(stored.cpu().numpy())

    def to_json(self) -> dict[str, Any]:
        """Kind, and all that makes the codec."""
        return {"kind": "symbols", "codec": self.codec.to_json(), "canonical": self.canonical}
