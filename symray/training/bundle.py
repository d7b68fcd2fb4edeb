"""A model to download: a folder of plain files that says what it is and what code it needs.

``weights.safetensors``, ``config.json`` (the trial, sizes, units, code), ``metrics.json`` and
``SHA256SUMS``, which ``sha256sum -c`` reads too. Nothing is unpickled, and code that isn't
symray's is imported only from a folder that the caller names.
"""

import hashlib
import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor
from torch.overrides import TorchFunctionMode

import symray
from symray.data import Transforms, form_of
from symray.errors import UserError, shortened
from symray.models.base import Model
from symray.models.design import Design
from symray.models.registry import model_class
from symray.training.build import build_model
from symray.training.code_distribution import CodeDistribution
from symray.training.fingerprint import code_fingerprint, symray_fingerprint
from symray.training.loaded import LoadedModel
from symray.training.settings import resolve_settings
from symray.training.spec import TrialSpec
from symray.training.trainer import Trainer

_MISFITS = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError),
    *(RuntimeError, SafetensorError, TypeError, ValueError),
)
"""What reading and building raise where a file says something else than what was written."""

_FORMAT = 1
_WEIGHTS = "weights.safetensors"
_CONFIG = "config.json"
_METRICS = "metrics.json"
SUMS = "SHA256SUMS"


def save_bundle(
    folder: Path, trainer: Trainer, spec: TrialSpec, metrics: Mapping[str, float]
) -> Path:
    """Write the bundle of ``trainer``'s model, which was built from ``spec``, to ``folder``.

    Raises:
        UserError: an own model that isn't in a package.
    """
    config = {
        "format": _FORMAT,
        "symray": {"version": symray.__version__, "fingerprint": symray_fingerprint()},
        "trial": replace(
            spec, code=None, begins_with=None
        ).to_json(),  # paths say nothing elsewhere
        "epoch": trainer.epoch,
        "x_shape": trainer.data.x_shape,
        "y_dims": trainer.data.y_dims,
        "units": trainer.data.transforms.to_json(),
        # a file's own name; in which folder it lies is nobody else's business
        "data": {"name": Path(trainer.data.name).name, "key": trainer.data.key},
        "code": _own_code(trainer.model, spec),
        **_codes(trainer),
    }
    finite = {name: value if math.isfinite(value) else None for name, value in metrics.items()}
    files = {
        _WEIGHTS: save(trainer.state().model),
        _CONFIG: json.dumps(config, indent=2).encode(),
        _METRICS: json.dumps(finite, indent=2).encode(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    sums = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items()]
    (folder / SUMS).write_text("".join(sums))
    return folder


def verify_bundle(folder: Path) -> None:
    """Check every file of the bundle against ``SHA256SUMS``.

    Raises:
        UserError: names the first file that is missing or damaged.
    """
    sums = read_sums(folder)
    for name in (_WEIGHTS, _CONFIG, _METRICS):
        if name not in sums:
            raise UserError(f"{folder / SUMS} does not list {name}: download the model again")
    for name, expected in sums.items():
        path = folder / name
        if not path.is_file():
            raise UserError(f"{path} is missing: download the model again")
        if hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            raise UserError(f"{path} is damaged: download the model again")


def load_bundle(
    folder: Path, code: Path | None = None, accept_code_change: bool = False
) -> LoadedModel:
    """The model of the bundle ``folder``, on the CPU.

    Args:
        folder: as :func:`save_bundle` wrote it.
        code: folder of the package of an own model; without it no such code is imported.
        accept_code_change: use ``code`` even where it isn't what the model was trained with.

    Raises:
        UserError: a file is missing or damaged, or the own model's code is missing or another.
    """
    verify_bundle(folder)
    with understanding(folder):
        return _load(folder, code, accept_code_change)


@contextmanager
def understanding(folder: Path) -> Iterator[None]:
    """Make one sentence of what files raise whose checksums agree and whose content makes no model.

    Raises:
        UserError: says so.
    """
    try:
        yield
    except _MISFITS as error:
        said = " ".join(f"{type(error).__name__}: {error}".split())
        raise UserError(
            f"{shortened(folder, 120)} is no model as symray writes them ({shortened(said, 80)}): "
            "download it again"
        ) from error


def _load(folder: Path, code: Path | None, accept_code_change: bool) -> LoadedModel:
    config = json.loads((folder / _CONFIG).read_text())
    if config["format"] != _FORMAT:
        raise UserError(
            f"{folder} was written by symray {config['symray']['version']} in a format that "
            f"{symray.__version__} does not know: install that version"
        )
    spec = TrialSpec.from_json(config["trial"])
    own = ":" in spec.model  # decided by what would be imported, whatever else the file says
    if own:
        _check_code(spec.model, config["code"] or "unknown", code, accept_code_change)
    design = Design(model_class(spec.model, code if own else None), form_of(spec.data))
    settings = resolve_settings(design, {}, spec.settings)
    weights = load((folder / _WEIGHTS).read_bytes())
    sizes = (config["x_shape"], config["y_dims"], settings, spec.seed)
    with (
        torch.device("meta"),
        _Unfilled(),
    ):  # before memory is taken for what the weights don't fill
        _check_shapes(build_model(design, *sizes), weights)
    model = build_model(design, *sizes)
    model.load_state_dict(weights)
    return LoadedModel(
        model=model.eval(),
        spec=spec,
        transforms=Transforms.from_json(config["units"]),
        metrics=json.loads((folder / _METRICS).read_text()),
        codes=CodeDistribution.from_json(config["codes"]) if config.get("codes") else None,
        used=torch.tensor(config["used"]) if config.get("used") else None,
    )


class _Unfilled(TorchFunctionMode):
    """Leaves new weights as they are.

    On the device "meta" each initialisation would import PyTorch's compiler: a second, for nothing.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if getattr(func, "__module__", "") == "torch.nn.init":
            return args[0] if args else (kwargs or {})["tensor"]
        return func(*args, **(kwargs or {}))


def _check_shapes(model: Model, weights: Mapping[str, Tensor]) -> None:
    wanted = {name: tensor.shape for name, tensor in model.state_dict().items()}
    if wanted != {name: tensor.shape for name, tensor in weights.items()}:
        raise ValueError("its weights are those of a model of another size")


@torch.inference_mode()
def _codes(trainer: Trainer) -> dict[str, Any]:
    """Where the codes of molecules lie, others are not generated; which latents have one."""
    strings = trainer.data.form.x == "strings"
    if not (strings or trainer.least_kl):
        return {"codes": None, "used": None}
    trainer.model.eval()
    encoded = trainer.encode()
    codes = CodeDistribution.measured(encoded).to_json() if strings else None
    return {"codes": codes, "used": encoded.used.tolist()}


def read_sums(folder: Path) -> dict[str, str]:
    """SHA-256 of each file of a bundle, by its path there.

    Raises:
        UserError: the list is missing or damaged.
    """
    path = folder / SUMS
    if not path.is_file():
        raise UserError(f"{path} is missing: {folder} is not a whole model, download it again")
    lines = [line.split(maxsplit=1) for line in path.read_text(errors="replace").splitlines()]
    if any(len(line) != 2 for line in lines):
        raise UserError(f"{path} is damaged: download the model again")
    return {name: digest for digest, name in lines}


def _own_code(model: Model, spec: TrialSpec) -> str | None:
    """Fingerprint of the code of a model that isn't symray's."""
    if ":" not in spec.model:
        return None
    if spec.code is not None:
        folder = Path(spec.code)
    else:
        package = sys.modules[type(model).__module__.split(".")[0]]
        if not hasattr(package, "__path__"):
            raise UserError(
                f"model '{spec.model}' is not in a package, so nobody could be told which code "
                "it needs: move it into a folder with an __init__.py"
            )
        folder = Path(package.__path__[0])
    return code_fingerprint(folder)


def _check_code(name: str, needed: str, code: Path | None, accept_change: bool) -> None:
    package = name.split(":")[0].split(".")[0]
    if code is None:
        raise UserError(
            f"this model needs the code of {name} (fingerprint {needed[:12]}): "
            f"give the folder of the package '{package}' as code"
        )
    if not accept_change and (given := code_fingerprint(code)) != needed:
        raise UserError(
            f"the code in {code} (fingerprint {given[:12]}) is not what {name} was trained with "
            f"(fingerprint {needed[:12]}): give that code, or accept the change explicitly"
        )
