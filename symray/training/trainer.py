"""Trains one model: alternating phases, an epoch at a time, continued bit-equal after a stop."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from symray.data.base import DataSet, SplitName
from symray.models.base import Model, Phase
from symray.models.design import Design
from symray.training.diverged import Diverged
from symray.training.draws import Chunk, draw_chunks, steps_of
from symray.training.encoded import Encoded
from symray.training.evaluation import CHEAP, evaluate, metric_names
from symray.training.generator import generator_on, go_on
from symray.training.heap import keep_freed_memory
from symray.training.loss_terms import LossTerms, Series, means
from symray.training.optimise import Optimisers, calls, on_cpu
from symray.training.schedule import lambda_at, rate_factors
from symray.training.settings import Settings

TRACED_STEPS = 4000
"""Steps from the beginning of which every value of a traced log is kept; as the paper's figures."""


@dataclass(frozen=True)
class TrainerState:
    """Everything that training on depends on, at the end of an epoch, on the CPU.

    Attributes:
        epoch: finished epochs.
        model: the model's parameters and buffers by name.
        optimiser: Adam's moments and step counts by ``optimiser/parameter/quantity``.
        generator: state of the trial's random generator, bytes.
        drawn_on: the kind of device that the generator is on.
    """

    epoch: int
    model: dict[str, Tensor]
    optimiser: dict[str, Tensor]
    generator: Tensor
    drawn_on: str = "cpu"


class Trainer:
    """Trains ``model`` on ``data``; knows nothing of where the numbers go.

    All randomness of the training comes from one generator on ``device`` seeded by ``seed``, an
    epoch at a time; torch's global generators are neither read nor written. ``phases`` are the
    model's where no others are given.

    Attributes:
        model: on ``device``.
        data: the data set.
        settings: the resolved settings.
        epoch: finished epochs.
        device: where the model is.
        phases: that are trained.
        optimisers: of their parameters.
        traces: of the logs that the model wants traced, the value at each step of the last epoch,
            as far as it belongs to the first :data:`TRACED_STEPS`.
    """

    def __init__(
        self,
        model: Model,
        data: DataSet,
        settings: Settings,
        seed: int,
        device: str = "cpu",
        phases: Sequence[Phase] | None = None,
    ) -> None:
        keep_freed_memory()
        self.model = model.to(device)
        nn.Module.to(model, memory_format=model.networks.memory_format)  # type: ignore[call-overload]
        self.data = data
        self.settings = settings
        self.epoch = 0
        self.device = torch.device(device)
        self.traces: dict[str, list[float]] = {}
        self.phases = phases or model.phases
        self.optimisers = Optimisers(model, self.phases, settings)
        self._generator = generator_on(self.device, seed)

    @property
    def design(self) -> Design:
        """The model's class on the kind of its data."""
        return Design(type(self.model), self.data.form)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done."""
        return self.epoch >= self.settings["epochs"]

    @property
    def least_kl(self) -> float:
        """Nats that a latent must carry to have a code."""
        return float(self.settings.get("least_kl", 0.0))

    @property
    def steps_per_epoch(self) -> int:
        """Steps of an epoch: the setting, or one pass over the data."""
        passes = self.data.passes(int(self.settings["batch_size"]))
        one_pass = max(1, passes // self.model.batches_per_step)
        return int(self.settings.get("steps_per_epoch", one_pass))

    def run_epoch(self) -> dict[str, float]:
        """Train one epoch.

        Returns:
            ``train/<name>``: means over the epoch's steps of the loss and all that it logs, as
            ``train/<phase>/<name>`` where several phases log that name; and ``lambda``.

        Raises:
            Diverged: a loss, a log or a weight isn't finite; the trainer is of no use afterwards.
        """
        # float32 can't hold every lambda: what it can't becomes inf, and diverges
        hp = {
            name: torch.tensor(value, dtype=torch.float64).to(
                self.device, torch.get_default_dtype()
            )
            for name, value in self.hyperparameters.items()
        }
        updates, factors = self.optimisers.updates, iter(self.rate_factors)
        expand = self.data.transforms.x.expand
        terms = LossTerms()
        self.model.train()
        for chunk in self.draw():
            for batches, noise in steps_of(chunk, expand, self.device):
                self.optimisers.scale_rates(next(factors))
                for update, drawn in zip(updates, noise, strict=True):
                    loss, logs = self.model.loss(update.phase, batches, drawn, hp)
                    update.apply(loss)
                    terms.add(update.phase, loss, logs)
        return self.end_epoch(terms.series(), _all_finite(self.model))

    @property
    def hyperparameters(self) -> dict[str, float]:
        """What the losses read in the coming epoch, by name."""
        own = {name: float(self.settings[name]) for name in self.model.hyperparameters}
        return {**own, "lambda": lambda_at(self.settings, self.epoch)}

    @property
    def rate_factors(self) -> np.ndarray:
        """What the learning rates are multiplied by at each step of the coming epoch, (S,)."""
        return rate_factors(self.settings, self.epoch, self.steps_per_epoch)

    def draw(self) -> Iterator[Chunk]:
        """Draw the coming epoch's minibatches and noise."""
        return draw_chunks(
            self.model,
            self.data,
            [phase.name for phase in calls(self.phases, self.settings)],
            int(self.settings["batch_size"]),
            self.steps_per_epoch,
            self._generator,
        )

    def end_epoch(self, series: Series, finite: bool) -> dict[str, float]:
        """Count the epoch whose steps have been trained; gives what :meth:`run_epoch` returns.

        Args:
            series: what the losses logged.
            finite: whether all weights are.

        Raises:
            Diverged: ``series`` or a weight isn't finite.
        """
        lambda_ = self.hyperparameters["lambda"]
        left = max(0, TRACED_STEPS - self.epoch * self.steps_per_epoch)
        traced = self.model.traced if left else ()
        self.traces = {t.name: v[:left].tolist() for t, v in series.items() if t.name in traced}
        self.epoch += 1
        averages, diverged = means(series)
        if diverged is None and not finite:
            diverged = "weights"
        if diverged is not None:
            raise Diverged(diverged, self.epoch)
        return {**{f"train/{name}": mean for name, mean in averages.items()}, "lambda": lambda_}

    def evaluate(
        self, split: SplitName = "validation", names: Collection[str] | None = None
    ) -> dict[str, float]:
        """Metrics of the held-out ``split``, by default the cheap ones; training isn't affected.

        Raises:
            UserError: a name in ``names`` that this model doesn't have.
        """
        if names is None:
            names = CHEAP & metric_names(self.design)
        return evaluate(
            self.model, self.data, self.data.split(split), names, least_kl=self.least_kl
        )

    def encode(self, split: SplitName = "validation") -> Encoded:
        """The held-out ``split`` through the model as it is, in evaluation mode or not."""
        return Encoded(self.model, self.data, self.data.split(split), 0, self.least_kl)

    def state(self) -> TrainerState:
        """A copy of everything that training on depends on."""
        return TrainerState(
            epoch=self.epoch,
            model={name: on_cpu(value) for name, value in self.model.state_dict().items()},
            optimiser=self.optimisers.state(),
            generator=self._generator.get_state(),
            drawn_on=self.device.type,
        )

    def load(self, state: TrainerState) -> bool:
        """Continue from ``state``, of a trainer of the same model, settings and seed.

        On the CPU, what follows equals uninterrupted training bit by bit.

        Returns:
            Whether random numbers go on, too; False where ``state`` is from another kind of device,
            and a seed that follows from it begins anew.
        """
        self.model.load_state_dict(state.model)
        self.optimisers.load(state.optimiser)
        self.epoch = state.epoch
        return go_on(self._generator, state.generator, state.drawn_on)


def _all_finite(model: Model) -> bool:
    return all(torch.stack([p.isfinite().all() for p in model.parameters()]).tolist())
