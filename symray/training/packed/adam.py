"""AdamW over stacked parameters, with a learning rate, a decay and a step count per member."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from symray.training.optimise import EPS, laid_out_as
from symray.training.packed.gradients import Gradient

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
        some = next(iter(parameters.values()))
        self._steps = torch.zeros(
            len(parameters), len(some), dtype=torch.float32, device=some.device
        )
        self.state = {
            name: {
                "step": steps,
                "exp_avg": torch.zeros_like(p),
                "exp_avg_sq": torch.zeros_like(p),
            }
            for (name, p), steps in zip(parameters.items(), self._steps, strict=True)
        }
        self._apart = {
            name: [p.unbind(), *(self.state[name][quantity].unbind() for quantity in QUANTITIES)]
            for name, p in parameters.items()
        }

    @torch.no_grad()
    def update(
        self,
        names: Sequence[str],
        gradients: Sequence[Gradient],
        rows: slice,
        rates: Tensor,
        decays: Tensor,
    ) -> None:
        """One step of the parameters ``names`` of the n members ``rows``.

        Args:
            names: of the parameters.
            gradients: theirs.
            rows: of the stacks.
            rates: learning rates, (n,) float64.
            decays: weight decays, (n,) float64.
        """
        if len(names) == len(self.state):
            self._steps[:, rows] += 1
        else:
            torch._foreach_add_([self.state[name]["step"][rows] for name in names], 1)
        way = self._together if rates.is_cuda else self._member_by_member
        way(names, gradients, rows, rates, decays)

    def _member_by_member(
        self,
        names: Sequence[str],
        gradients: Sequence[Gradient],
        rows: slice,
        rates: Tensor,
        decays: Tensor,
    ) -> None:
        """By torch's fused kernel, which reads and writes each number once, as memory likes it.

        It is the one that the Trainer uses: with equal gradients, equal to the last bit.
        """
        columns = [self._apart[name] for name in names]
        grads = [
            laid_out_as(self._parameters[name][rows], g).unbind() if isinstance(g, Tensor) else g
            for name, g in zip(names, gradients, strict=True)
        ]
        numbers = zip(rates.tolist(), decays.tolist(), strict=True)
        for k, (rate, decay) in enumerate(numbers):
            parameters, steps, means, squares = (
                [column[i][rows.start + k] for column in columns] for i in range(4)
            )
            torch._fused_adamw_(
                parameters,
                [g[k] for g in grads],
                means,
                squares,
                [],
                steps,
                lr=rate,
                beta1=self._betas[0],
                beta2=self._betas[1],
                weight_decay=decay,
                eps=EPS,
                amsgrad=False,
                maximize=False,
            )

    def _together(
        self,
        names: Sequence[str],
        gradients: Sequence[Gradient],
        rows: slice,
        rates: Tensor,
        decays: Tensor,
    ) -> None:
        """By the formula, with no number on the host: what a CUDA graph can capture."""
        for name, gradient in zip(names, gradients, strict=True):
            p, (step, m, v) = self._parameters[name][rows], self._moments(name, rows)
            g = gradient if isinstance(gradient, Tensor) else torch.stack(gradient)
            shape = (-1, *(1,) * (p.ndim - 1))
            rate, decay, t = (number.to(p.dtype).view(shape) for number in (rates, decays, step))
            p.mul_(1 - rate * decay)
            m.lerp_(g, 1 - self._betas[0])
            v.mul_(self._betas[1]).addcmul_(g, g, value=1 - self._betas[1])
            spread = (v / (1 - self._betas[1] ** t)).sqrt_().add_(EPS)
            p.sub_(m / spread * (rate / (1 - self._betas[0] ** t)))

    def _moments(self, name: str, rows: slice) -> list[Tensor]:
        return [self.state[name][quantity][rows] for quantity in QUANTITIES]
