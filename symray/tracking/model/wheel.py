"""This package as a wheel beside a model, so that the model runs where no registry has it.

A wheel is a zip of the package and its metadata (PyPA's binary distribution format), which any
``pip`` installs; it is made of what is imported here, so no checkout and no build tool is needed.
"""

import base64
import hashlib
import zipfile
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

import symray

_WHEEL = "Wheel-Version: 1.0\nGenerator: symray\nRoot-Is-Purelib: true\nTag: py3-none-any\n"

_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The oldest time that a zip can hold: equal sources make equal wheels."""


def write_wheel(folder: Path) -> Path:
    """Write the wheel of symray as it runs here into ``folder``."""
    root = Path(symray.__file__).parent
    info = f"symray-{symray.__version__}.dist-info"
    files = {
        path.relative_to(root.parent).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    files |= {f"{info}/METADATA": _metadata().encode(), f"{info}/WHEEL": _WHEEL.encode()}
    record = [f"{name},sha256={_digest(content)},{len(content)}" for name, content in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
    path = folder / f"symray-{symray.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, content in files.items():
            wheel.writestr(zipfile.ZipInfo(name, _LONG_AGO), content, zipfile.ZIP_DEFLATED)
    return path


def pinned() -> list[str]:
    """The libraries that symray stands on, each in the version that is installed here."""
    pins = []
    for line in _distribution_requires():
        if ";" in line:  # only with an extra
            continue
        name = line.split("[")[0].split("<")[0].split(">")[0].split("=")[0].strip()
        extras = line[line.index("[") : line.index("]") + 1] if "[" in line else ""
        pins.append(f"{name}{extras}=={version(name).split('+')[0]}")  # +cpu is in no registry
    return pins


def _distribution_requires() -> list[str]:
    try:
        return distribution("symray").requires or []
    except PackageNotFoundError:  # run from a folder on the path
        return []


def _metadata() -> str:
    lines = ["Metadata-Version: 2.1", "Name: symray", f"Version: {symray.__version__}"]
    needs = [line for line in _distribution_requires() if ";" not in line]
    return "\n".join([*lines, *(f"Requires-Dist: {line}" for line in needs), ""])


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
