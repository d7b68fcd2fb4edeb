"""Which trials are one program."""

import json
from collections.abc import Mapping
from pathlib import Path

from symray.data import form_of
from symray.models.base import Phase
from symray.models.design import Design
from symray.models.registry import model_class
from symray.training.settings import Settings, resolve_settings
from symray.training.spec import TrialSpec

_OF_THE_PROGRAM = ("batch_size", "steps_per_epoch")


def pack_key(spec: TrialSpec) -> str | None:
    """Equal for trials that can be members of one pack; None where ``spec`` can't be packed.

    Members share the model's class, the data and what changes the program: the batch size, steps
    and repeats of phases, sizes of networks, and whether gradients are clipped. All other numbers,
    the split among them, are each member's own.

    Raises:
        UserError: an unknown model, data set or setting, or a value out of bounds.
    """
    code = Path(spec.code) if spec.code is not None else None
    design = Design(model_class(spec.model, code), form_of(spec.data))
    if not packs(design):
        return None
    settings = resolve_settings(design, {}, spec.settings)
    trial = {"model": spec.model, "code": spec.code, "data": spec.data, "pretrains": spec.pretrains}
    return json.dumps({**trial, **program(design, settings)}, sort_keys=True, default=str)


def packs(design: Design) -> bool:
    """Whether losses of ``design`` work under ``torch.func.vmap``."""
    return design.model.vectorisable and design.networks.vectorisable


def program(design: Design, settings: Settings) -> Mapping[str, float]:
    """The numbers among ``settings`` that change the program, by name."""
    model = design.model
    phases: list[Phase] = [*model.phases, *([model.pretraining] if model.pretraining else [])]
    repeats = [phase.repeat for phase in phases if phase.repeat is not None]
    sizes = design.architecture.keys() - {"z1_dims"}  # the split is a mask
    names = [*_OF_THE_PROGRAM, *repeats, *sizes]
    numbers = {name: settings[name] for name in names if name in settings}
    return {**numbers, "clips": "gradient_clip" in settings}
