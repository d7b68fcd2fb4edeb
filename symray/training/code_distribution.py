"""Where a trained model's codes lie: what generation draws from, without the data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from symray.training.encoded import Encoded


@dataclass(frozen=True)
class CodeDistribution:
    """The aggregate posterior of the validation split as a Gaussian, and the range of its means.

    Attributes:
        mean: (Z,).
        covariance: (Z, Z), of codes drawn from q(z|x).
        low: smallest mean codes, (Z,).
        high: largest, (Z,).
    """

    mean: Tensor
    covariance: Tensor
    low: Tensor
    high: Tensor

    @classmethod
    def measured(cls, encoded: Encoded) -> "CodeDistribution":
        """Of the validation split."""
        means = encoded.mean.double()
        covariance = torch.cov(means.T) + (2 * encoded.log_sd.double()).exp().mean(0).diag()
        return cls(
            means.mean(0).float(),
            covariance.float(),
            means.amin(0).float(),
            means.amax(0).float(),
        )

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """``count`` codes of the Gaussian, (N, Z)."""
        jitter = 1e-6 * torch.eye(len(self.mean))
        factor = torch.linalg.cholesky(self.covariance + jitter)
        noise = torch.randn(count, len(self.mean), generator=generator)
        codes: Tensor = self.mean + noise @ factor.T
        return codes

    def to_json(self) -> dict[str, Any]:
        """As lists."""
        return {name: value.tolist() for name, value in vars(self).items()}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "CodeDistribution":
        """The inverse of :meth:`to_json`."""
        return cls(**{name: torch.tensor(numbers) for name, numbers in value.items()})
