"""Adam over the parameters that each phase names."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw

from symray.models.base import Model, Phase
from symray.training.settings import Settings

EPS = 1e-8
"""Adam's, as in PyTorch."""


class AdamW:
    """``torch.optim.AdamW``'s fused update, without the class.

    Its constructor imports PyTorch's compiler, which nothing here uses: a second of processor time
    and some eight hundred modules in every worker and every command that builds a trainer.

    Attributes:
        parameters: those that are updated where they have a gradient.
        rate: the learning rate of the next update.
        state: by parameter its ``step`` (), ``exp_avg`` and ``exp_avg_sq``, once it was updated.
    """

    def __init__(
        self,
        parameters: Sequence[nn.Parameter],
        rate: float,
        betas: tuple[float, float],
        weight_decay: float,
    ) -> None:
        self.parameters = parameters
        self.rate = self._initial_rate = rate
        self.state: dict[nn.Parameter, dict[str, Tensor]] = {p: {} for p in parameters}
        self._betas, self._weight_decay = betas, weight_decay

    def scale_rate(self, factor: float) -> None:
        """Make the learning rate ``factor`` times what it was at the beginning."""
        self.rate = self._initial_rate * factor

    @torch.no_grad()
    def step(self) -> None:
        """Update every parameter that has a gradient."""
        parameters = [p for p in self.parameters if p.grad is not None]
        for parameter in parameters:
            if not self.state[parameter]:
                self.state[parameter] = {
                    "step": torch.zeros((), dtype=torch.float32, device=parameter.device),
                    "exp_avg": torch.zeros_like(parameter),
                    "exp_avg_sq": torch.zeros_like(parameter),
                }
        states = [self.state[parameter] for parameter in parameters]
        adamw(
            list[Tensor](parameters),
            [p.grad for p in parameters if p.grad is not None],
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            [state["step"] for state in states],
            fused=True,
            amsgrad=False,
            beta1=self._betas[0],
            beta2=self._betas[1],
            lr=self.rate,
            weight_decay=self._weight_decay,
            eps=EPS,
            maximize=False,
        )


@dataclass(frozen=True)
class Update:
    """One phase's update: gradients of its own parameters only, then a step of its optimiser."""

    phase: str
    parameters: list[nn.Parameter]
    optimiser: AdamW
    clip: float | None

    def apply(self, loss: Tensor) -> None:
        """Descend ``loss`` ()."""
        gradients = torch.autograd.grad(loss, self.parameters)
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter.grad = laid_out_as(parameter, gradient)
        if self.clip is not None:
            nn.utils.clip_grad_norm_(self.parameters, self.clip)
        self.optimiser.step()
        for parameter in self.parameters:  # the optimiser's next phase may train others
            parameter.grad = None


class Optimisers:
    """One fused AdamW per optimiser name, over the union of its phases' parameters.

    With ``weight_decay`` 0 that is Adam (Kingma & Ba 2015), else with decoupled decay (Loshchilov
    & Hutter 2019). A parameter that a phase doesn't train is not touched by it, decay included.
    """

    def __init__(self, model: Model, phases: Sequence[Phase], settings: Settings) -> None:
        self._by_name = {
            name: AdamW(
                list(trained(model, *sharing).values()),
                learning_rate(sharing[0], settings),
                sharing[0].betas,
                settings["weight_decay"],
            )
            for name, sharing in by_optimiser(phases).items()
        }
        self.updates = [
            Update(
                phase.name,
                list(trained(model, phase).values()),
                self._by_name[phase.optimiser],
                settings.get("gradient_clip"),
            )
            for phase in calls(phases, settings)
        ]
        """The updates of one step, in order, repeats included."""
        self._names: dict[nn.Parameter, str] = {p: name for name, p in model.named_parameters()}

    def scale_rates(self, factor: float) -> None:
        """Make every learning rate ``factor`` times what it was at the beginning."""
        for optimiser in self._by_name.values():
            optimiser.scale_rate(factor)

    def moments(self) -> Iterator[tuple[str, str, nn.Parameter, dict[str, Tensor]]]:
        """Of each optimiser and parameter both names, the parameter and Adam's quantities.

        These are ``step`` (), ``exp_avg`` and ``exp_avg_sq``, empty before the first update.
        """
        for name, optimiser in self._by_name.items():
            for parameter, state in optimiser.state.items():
                yield name, self._names[parameter], parameter, state

    def state(self) -> dict[str, Tensor]:
        """Copies of all moments and step counts on the CPU: ``optimiser/parameter/quantity``."""
        return {
            f"{name}/{parameter}/{quantity}": on_cpu(value)
            for name, parameter, _, quantities in self.moments()
            for quantity, value in quantities.items()
        }

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Take over what :meth:`state` gave."""
        parameters = {name: parameter for parameter, name in self._names.items()}
        for optimiser in self._by_name.values():
            for moments in optimiser.state.values():
                moments.clear()
        for key, value in state.items():
            name, parameter, quantity = key.split("/")
            moments = self._by_name[name].state[parameters[parameter]]
            moved = value.to(parameters[parameter].device, copy=True)
            moments[quantity] = laid_out_as(parameters[parameter], moved)


def calls(phases: Sequence[Phase], settings: Settings) -> list[Phase]:
    """The phase of each update of a step, in order, repeats included."""
    return [
        phase for phase in phases for _ in range(int(settings[phase.repeat]) if phase.repeat else 1)
    ]


def by_optimiser(phases: Sequence[Phase]) -> dict[str, list[Phase]]:
    """The phases that share an optimiser, by its name; the first one decides its rate and betas."""
    return {
        name: [phase for phase in phases if phase.optimiser == name]
        for name in dict.fromkeys(phase.optimiser for phase in phases)
    }


def trained(model: Model, *phases: Phase) -> dict[str, nn.Parameter]:
    """The parameters that any of ``phases`` updates, by their names in the model."""
    parts = [part for phase in phases for part in phase.trains]
    return {
        name: parameter
        for name, parameter in model.named_parameters()
        if any(name == part or name.startswith(f"{part}.") for part in parts)
    }


def on_cpu(value: Tensor) -> Tensor:
    """A copy of ``value`` on the CPU, contiguous as safetensors wants it."""
    return value.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)


def laid_out_as(parameter: Tensor, value: Tensor) -> Tensor:
    """``value`` in the memory format of ``parameter``; the fused kernel goes through raw memory."""
    if value.shape != parameter.shape or value.stride() == parameter.stride():
        return value
    return torch.empty_like(parameter).copy_(value)


def learning_rate(phase: Phase, settings: Settings) -> float:
    """Adam's step size at the beginning of a training, by the first phase of the optimiser."""
    rate = settings["learning_rate"]
    return settings.get("adversary_learning_rate", rate) if phase.adversarial else rate
