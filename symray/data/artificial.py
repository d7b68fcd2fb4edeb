"""The STIB paper's artificial data: a square whose one diagonal coordinate winds up to a spiral."""

import torch
from torch import Tensor

from symray.data.base import VECTORS, Batch, NamedDataSet, Split, SplitName
from symray.data.transforms import Affine, Transforms

HELD_OUT_POINTS = 10_000
_SPLIT_SEEDS = {"validation": 2_020_001, "test": 2_020_002}


def sample(n: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Draw ``x ~ U(-4, 4)^2``, ``t = 2 x1 + x2 + 0.1 N``, ``y = 0.55 t (cos t, sin t) + 0.2 N``.

    All on the generator's device.

    Returns:
        x (n, 2), y (n, 2) and t (n,), float32.
    """
    device = generator.device
    x = 8 * torch.rand(n, 2, generator=generator, device=device) - 4
    t = 2 * x[:, 0] + x[:, 1] + 0.1 * torch.randn(n, generator=generator, device=device)
    spiral = 0.55 * t[:, None] * torch.stack([t.cos(), t.sin()], dim=1)
    return x, spiral + 0.2 * torch.randn(n, 2, generator=generator, device=device), t


class Artificial(NamedDataSet):
    """Endless fresh points for training; 10,000 fixed points each to validate and to test.

    Splits are coloured by t, which figures cut into 10 equal-width bins as the paper does.
    """

    form = VECTORS
    name = "artificial"
    summary = "a square whose diagonal winds up to a spiral (STIB); endless"
    key = "artificial-1"
    x_shape = (2,)
    y_dims = 2
    transforms = Transforms(Affine.identity(2), Affine.identity(2))
    steps_per_epoch = 300

    def epoch(self, batch_size: int, steps: int, generator: torch.Generator) -> Batch:
        """Fresh points, (S, B, 2) each."""
        x, y, _ = sample(steps * batch_size, generator)
        return Batch(x.view(steps, batch_size, 2), y.view(steps, batch_size, 2))

    def passes(self, batch_size: int) -> int:
        """300 batches: 18,000 points at the authors' batch size, their step of lambda."""
        return self.steps_per_epoch

    def split(self, name: SplitName) -> Split:
        """10,000 points under the split's own seed."""
        generator = torch.Generator().manual_seed(_SPLIT_SEEDS[name])
        x, y, t = sample(HELD_OUT_POINTS, generator)
        return Split(x, y, t.numpy())
