"""AdamW over stacked parameters, with a learning rate, a decay and a step count per member."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from symray.training.optimise import laid_out_as

EPS = 1e-8  # torch.optim.AdamW's
QUANTITIES = ("step", "exp_avg", "exp_avg_sq")


class StackedAdamW:
    """What K ``torch.optim.AdamW`` of one model's parameters do, each with numbers of its own.

    Adam (Kingma & Ba 2015) with decoupled decay (Loshchilov & Hutter 2019) is elementwise, so that
    one optimiser over stacks equals one per member.

    Attributes:
        state: by parameter, its ``step`` (K,), ``exp_avg`` and ``exp_avg_sq`` (K, ...).
    """

    def __init__(self, parameters: Mapping[str, Tensor], betas: tuple[float, float]) -> None:
        """Of ``parameters`` (K, ...) by name; the stacks are changed in place."""
        self._parameters = parameters
        self._betas = betas
        self.state = {
            name: {
                "step": torch.zeros(len(p), dtype=torch.float32, device=p.device),
                "exp_avg": torch.zeros_like(p),
                "exp_avg_sq": torch.zeros_like(p),
            }
            for name, p in parameters.items()
        }

    @torch.no_grad()
    def update(
        self, names: Sequence[str], gradients: Sequence[Tensor], rates: Tensor, decays: Tensor
    ) -> None:
        """One step of the first n members' parameters ``names``.

        Args:
            names: of the parameters.
            gradients: theirs, (n, ...).
            rates: learning rates, (n,) float64.
            decays: weight decays, (n,) float64.
        """
        way = _together if rates.is_cuda else _member_by_member
        n = len(rates)
        columns = [
            self._parameters,
            *({k: s[q] for k, s in self.state.items()} for q in QUANTITIES),
        ]
        tensors = [[column[name][:n] for name in names] for column in columns]
        torch._foreach_add_(tensors[1], 1)  # steps
        way(tensors, list(gradients), rates, decays, self._betas)


def _member_by_member(
    tensors: list[list[Tensor]],
    gradients: list[Tensor],
    rates: Tensor,
    decays: Tensor,
    betas: tuple[float, float],
) -> None:
    """By torch's fused kernel, which reads and writes each number once, as the CPU's memory likes.

    It is the one that the Trainer uses: with equal gradients, equal to the last bit.
    """
    parameters, steps, *moments = ([t.unbind() for t in column] for column in tensors)
    rows = [laid_out_as(p, g).unbind() for p, g in zip(tensors[0], gradients, strict=True)]
    for k, (rate, decay) in enumerate(zip(rates.tolist(), decays.tolist(), strict=True)):
        torch._fused_adamw_(
            [p[k] for p in parameters],
            [g[k] for g in rows],
            [m[k] for m in moments[0]],
            [v[k] for v in moments[1]],
            [],
            [s[k] for s in steps],
            lr=rate,
            beta1=betas[0],
            beta2=betas[1],
            weight_decay=decay,
            eps=EPS,
            amsgrad=False,
            maximize=False,
        )


def _together(
    tensors: list[list[Tensor]],
    gradients: list[Tensor],
    rates: Tensor,
    decays: Tensor,
    betas: tuple[float, float],
) -> None:
    """By the formula, with no number on the host: what a CUDA graph can capture."""
    for p, step, m, v, g in zip(tensors[0], *tensors[1:], gradients, strict=True):
        shape = (-1, *(1,) * (p.ndim - 1))
        rate, decay, t = (number.to(p.dtype).view(shape) for number in (rates, decays, step))
        p.mul_(1 - rate * decay)
        m.lerp_(g, 1 - betas[0])
        v.mul_(betas[1]).addcmul_(g, g, value=1 - betas[1])
        spread = (v / (1 - betas[1] ** t)).sqrt_().add_(EPS)
        p.sub_(m / spread * (rate / (1 - betas[0] ** t)))
