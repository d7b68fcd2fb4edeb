"""From a trial's description to a trainer."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import torch

from symray.data import DataSet, form_of, load_data
from symray.errors import UserError
from symray.models.base import Model
from symray.models.design import Design
from symray.models.registry import model_class
from symray.training.checkpoint import newest_checkpoint, read_checkpoint
from symray.training.optimise import trained
from symray.training.seeds import stream_seed
from symray.training.settings import Settings, resolve_settings
from symray.training.spec import TrialSpec
from symray.training.trainer import Trainer


def build_trainer(spec: TrialSpec, device: str = "auto") -> Trainer:
    """The trainer of ``spec`` at epoch 0; for other weights see :func:`load_initial_weights`.

    Args:
        spec: the trial; settings that it leaves out take the model's defaults.
        device: a torch device, or ``auto`` for CUDA where there is one and else the CPU.

    Raises:
        UserError: an unknown model, data set or setting, or a value out of bounds.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    code = Path(spec.code) if spec.code is not None else None
    design = Design(model_class(spec.model, code), form_of(spec.data))
    settings = resolve_settings(design, {}, spec.settings)
    data = _shared_data(spec.data)
    model = build_model(design, data.x_shape, data.y_dims, settings, spec.seed)
    phases = None
    if spec.pretrains:
        if model.pretraining is None:
            raise UserError(f"model '{spec.model}' has no pretraining")
        phases = [model.pretraining]
    return Trainer(model, data, settings, spec.seed, device, phases)


_ARRAYS: WeakValueDictionary[tuple[str, int, int], DataSet] = WeakValueDictionary()
"""Of this process's trainers; a pack of hundreds of them has the arrays of its file once."""


def _shared_data(spec: str | Mapping[str, Any]) -> DataSet:
    """The data set of ``spec``: that of another trainer, where it is of the same file's arrays."""
    if isinstance(spec, str) or "npz" not in spec or not Path(spec["npz"]).exists():
        return load_data(spec)
    file = Path(spec["npz"]).stat()
    key = (json.dumps(spec, sort_keys=True), file.st_mtime_ns, file.st_size)
    data = _ARRAYS.get(key)
    if data is None:
        data = _ARRAYS[key] = load_data(spec)
    return data


def load_initial_weights(model: Model, checkpoints: Path) -> None:
    """Give ``model`` the weights that a pretraining has trained.

    Args:
        model: changed in place; what the pretraining doesn't train stays.
        checkpoints: folder of the pretraining's checkpoints, of which the newest is taken.

    Raises:
        UserError: there is no whole checkpoint, or it is of another architecture.
    """
    assert model.pretraining is not None
    path = newest_checkpoint(checkpoints)
    if path is None:
        raise UserError(f"{checkpoints} holds no whole checkpoint of the pretraining any more")
    weights = read_checkpoint(path)[0].model
    with torch.no_grad():
        for name, parameter in trained(model, model.pretraining).items():
            if name not in weights or weights[name].shape != parameter.shape:
                raise UserError(f"the pretraining in {path} is of another architecture: {name}")
            parameter.copy_(weights[name])


def build_model(
    design: Design, x_shape: Sequence[int], y_dims: int, settings: Settings, seed: int
) -> Model:
    """A model on the CPU whose initial weights follow from ``seed``; leaves torch's state alone."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(stream_seed(seed, "weights"))
        return design.build(x_shape, y_dims, settings)
