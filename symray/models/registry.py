"""From a model's name in a study file to its class."""

import importlib
import sys
from importlib.metadata import entry_points
from pathlib import Path

from symray.errors import UserError, nearest, shortened
from symray.models.base import Model
from symray.models.beta_vae import BetaVAE
from symray.models.conditional import CVAE, CVIB
from symray.models.factor_vae import FactorVAE
from symray.models.non_syn import NonSynVAE
from symray.models.stib import STIB, STIBWithoutAdversary
from symray.models.vae import VAE

MODELS: dict[str, type[Model]] = {
    "stib": STIB,
    "stib_no_adversary": STIBWithoutAdversary,
    "vae": VAE,
    "cvae": CVAE,
    "cvib": CVIB,
    "beta_vae": BetaVAE,
    "factor_vae": FactorVAE,
    "non_syn": NonSynVAE,
}
ENTRY_POINTS = "symray.models"

_from_code: set[str] = set()  # packages that were imported from a code folder


def model_class(name: str, code: Path | None = None) -> type[Model]:
    """The class that ``name`` means.

    Args:
        name: a built-in model, one that an installed package registers under the entry point
            group ``symray.models``, or ``package.module:Class`` of the user's own.
        code: folder of the own package, when it isn't installed: its parent goes on ``sys.path``.

    Raises:
        UserError: no such model, or its code can't be imported.
    """
    if name in MODELS:
        return MODELS[name]
    if ":" in name:
        return _own_class(name, code)
    registered = {entry.name: entry.value for entry in entry_points(group=ENTRY_POINTS)}
    if name in registered:
        return _own_class(registered[name], None)
    raise UserError(
        f"there is no model '{shortened(name)}'{nearest(name, [*MODELS, *registered])}"
        " (an own model is written package.module:Class)"
    )


def _own_class(name: str, code: Path | None) -> type[Model]:
    module_name, _, class_name = name.partition(":")
    if code is not None:
        _make_importable(module_name.split(".")[0], code, name)
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # the user's code may raise anything
        hint = "" if code else "; 'code' names the folder of its package"
        raise UserError(
            f"model '{name}': importing {module_name} failed with"
            f" {type(error).__name__}: {error}{hint}"
        ) from error
    models = {
        key: value
        for key, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Model) and value is not Model
    }
    if class_name in models:
        return models[class_name]
    if hasattr(module, class_name):
        raise UserError(
            f"model '{name}': {class_name} is not a model, it must derive from symray.models.Model"
        )
    raise UserError(
        f"model '{name}': {module_name} has no class '{class_name}'{nearest(class_name, models)}"
    )


def _make_importable(package: str, code: Path, name: str) -> None:
    folder = code.resolve()
    if not folder.is_dir():
        raise UserError(f"model '{name}': its code folder {code} does not exist")
    if folder.name != package:
        raise UserError(
            f"model '{name}': the code folder {code} must be the package '{package}' itself"
        )
    parent = str(folder.parent)
    if sys.path[0] != parent:
        sys.path[:] = [parent, *(entry for entry in sys.path if entry != parent)]
    loaded = sys.modules.get(package)
    if loaded is not None and str(folder) not in getattr(loaded, "__path__", ()):
        if package not in _from_code:
            raise UserError(
                f"model '{name}': a package '{package}' is installed already; rename {code}"
            )
        for module in [m for m in sys.modules if m.split(".")[0] == package]:
            del sys.modules[module]  # another study's code folder of the same name
    _from_code.add(package)
    importlib.invalidate_caches()
