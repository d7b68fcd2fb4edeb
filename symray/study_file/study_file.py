"""The study file as a value: what a study is, with every default filled in."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Discriminator, Field, Strict, Tag

from symray.data import form_of
from symray.metrics.catalogue import Direction
from symray.models.design import Design
from symray.models.presets import preset_settings
from symray.models.registry import model_class
from symray.study_file.constraint import ConstraintText
from symray.study_file.entries import Entry, Finite, Number, Range, Section
from symray.study_file.options import (
    Checkpoints,
    Confirmation,
    ImagesData,
    MoleculesData,
    NpzData,
    PositiveDuration,
    PrunerField,
    Resources,
    SamplerField,
    SpritesData,
    SystemMetrics,
)
from symray.study_file.options import Pretraining as Pretraining
from symray.study_file.options import Pruner as Pruner
from symray.study_file.options import Sampler as Sampler
from symray.training.settings import Settings, resolve_settings, settings_of

LONGEST_NAME = 100
"""Characters of a study's name."""


def _data_kind(data: Any) -> str:
    if isinstance(data, str):
        return "(name)"
    keys = data if isinstance(data, dict) else vars(data) if isinstance(data, Section) else ()
    for key in ("images", "dsprites", "csv"):
        if key in keys:
            return f"({key})"
    return "(npz)"


def _pretraining_kind(pretraining: Any) -> str:
    return "(switch)" if isinstance(pretraining, bool) else "(section)"


def _reference_kind(reference: Any) -> str:
    return "(values)" if isinstance(reference, dict) else "(switch)"


class StudyFile(Section):
    """One study, as :func:`symray.study_file.load_study_file` resolves and checks it."""

    study: Annotated[str, Field(pattern=rf"^[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST_NAME - 1}}}$")]
    """name of the study, in the record, in MLflow and on the command line"""
    model: str
    """a built-in model (stib, vae, non_syn, factor_vae, ...) or package.module:Class"""
    code: Annotated[Path, Strict(False)] | None = None
    """folder of the package that holds an own model, relative to the study file"""
    data: Annotated[
        Annotated[str, Tag("(name)")]
        | Annotated[NpzData, Tag("(npz)")]
        | Annotated[ImagesData, Tag("(images)")]
        | Annotated[SpritesData, Tag("(dsprites)")]
        | Annotated[MoleculesData, Tag("(csv)")],
        Discriminator(_data_kind),
    ]
    """a named data set (symray data list), or {npz: FILE, x: NAME, y: NAME} and others"""
    preset: Literal["paper", "equal"] = "paper"
    """the papers' settings, or the same lambda schedule and weights for all models"""
    pretraining: Annotated[
        Annotated[bool, Tag("(switch)")] | Annotated[Pretraining, Tag("(section)")],
        Discriminator(_pretraining_kind),
    ] = True
    """what trials begin with; true for the papers' where there is one, false for none"""
    training: dict[str, Finite] = Field(default_factory=dict)
    """settings that are the same in every trial"""
    search: dict[str, Entry] = Field(default_factory=dict)
    """settings that are searched: {low, high, log, step} or {choice: [...]}"""
    objectives: dict[str, Direction] = Field(default_factory=dict)
    """metrics to optimise; by default mi_z0_y_sampled, and probe_r2 where X are molecules"""
    constraints: Annotated[tuple[ConstraintText, ...], Strict(False)] = ()
    """bounds that a trial must keep to be chosen, METRIC <= NUMBER or METRIC >= NUMBER"""
    sampler: SamplerField = Sampler()
    """what suggests the parameters of the next trial"""
    pruner: PrunerField = Pruner()
    """what stops trials that fall behind"""
    reference: Annotated[
        Annotated[bool, Tag("(switch)")] | Annotated[dict[str, Finite], Tag("(values)")],
        Discriminator(_reference_kind),
    ] = True
    """trial 0: the papers' values of what is searched, your own values, or false for none"""
    trials: Annotated[int, Field(ge=1)] = 20
    """trials of the search; by default 20, or all points of a grid"""
    time_limit: PositiveDuration | None = None
    """no trial is started after it: seconds, or 30m, 2h, 1d"""
    concurrency: Annotated[int, Field(ge=1)] | None = None
    """trials at a time; as many as fit by default"""
    repeats: Annotated[int, Field(ge=1)] = 1
    """seeds that each trial is trained with; its metrics are their means"""
    seed: Annotated[int, Field(ge=0)] = 0
    """decides every random number of the study"""
    resources: Resources = Resources()
    """what one trial occupies"""
    confirmation: Confirmation = Confirmation()
    """how the best trials are retrained before one is chosen"""
    checkpoints: Checkpoints = Checkpoints()
    """which checkpoints stay and how often one is written"""
    system_metrics: SystemMetrics = "auto"
    """CPU, memory and GPU of each trial's worker in MLflow; auto begins a minute after the trial"""

    def design(self) -> Design:
        """The model's class on the kind of the data.

        Raises:
            UserError: there is no such model or data set.
        """
        return Design(model_class(self.model, self.code), form_of(self.data_spec()))

    def data_spec(self) -> str | dict[str, Any]:
        """What :func:`symray.data.load_data` reads, as plain JSON."""
        if isinstance(self.data, str):
            return self.data
        return self.data.model_dump(mode="json", exclude_none=True)

    @property
    def data_name(self) -> str:
        """The data in a word: a name or a file."""
        if isinstance(self.data, str):
            return self.data
        if isinstance(self.data, SpritesData):
            return f"dsprites {list(self.data.dsprites)}"
        return str(self.data.csv if isinstance(self.data, MoleculesData) else self.data.npz)

    def data_specs(self) -> list[str | dict[str, Any]]:
        """All data that must be prepared: its own and what its models are pretrained on."""
        pretraining = self.pretraining
        others = [pretraining.data] if isinstance(pretraining, Pretraining) else []
        return [self.data_spec(), *others]

    def preset_values(self) -> Settings:
        """The preset's numbers of the model on the data; none where the paper had neither."""
        return preset_settings(self.model, self.data_spec(), self.preset)

    def settings(self, params: Mapping[str, Any]) -> Settings:
        """Every number of the trial that searches ``params``.

        The defaults, overruled by the preset, by ``training`` and by ``params``.

        Raises:
            UserError: an unknown setting or a value out of bounds.
        """
        given = {**self.training, **params}
        return resolve_settings(self.design(), self.preset_values(), given)

    @property
    def epochs(self) -> int:
        """The most epochs that a trial may have."""
        entry = self.search.get("epochs")
        if entry is None:
            return int(self.usual("epochs") or 0)
        return int(entry.high if isinstance(entry, Range) else max(entry.choice))

    def usual(self, name: str) -> Number | None:
        """A setting as ``training``, the preset or the model has it; None: it is not used."""
        known = {**self.preset_values(), **self.training}
        return known[name] if name in known else settings_of(self.design())[name].default

    @property
    def sample_after(self) -> float | None:
        """Seconds of a trial before its worker's system metrics are recorded; None: never."""
        return {"on": 0.0, "auto": 60.0, "off": None}[self.system_metrics]

    @property
    def threads(self) -> int:
        """CPU threads of a training."""
        return max(1, int(self.resources.cpu))

    def reference_params(self) -> dict[str, Number] | None:
        """The parameters of trial 0, or None where the search begins by itself."""
        if self.reference is False:
            return None
        own = self.reference if isinstance(self.reference, dict) else {}
        params = {name: own.get(name, self.usual(name)) for name in self.search}
        return {name: value for name, value in params.items() if value is not None}

    def metric_names(self) -> list[str]:
        """Metrics needed after every epoch: of objectives, constraints and pruner, each once."""
        names = [*self.objectives, *(constraint.metric for constraint in self.constraints)]
        if self.pruner.metric is not None:
            names.append(self.pruner.metric)
        return list(dict.fromkeys(names))

    def to_yaml(self) -> str:
        """The whole study file with all defaults; loading it gives an equal study."""
        content = self.model_dump(mode="json", exclude_none=True)
        if self.pruner.name == "none":
            content["pruner"] = "none"
        return yaml.safe_dump(content, sort_keys=False, default_flow_style=None, width=100)
