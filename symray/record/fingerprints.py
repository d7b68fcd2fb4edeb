"""What trained a trial: symray's own code, an own model's code, the data, PyTorch, the commit."""

import subprocess
from importlib.metadata import version
from pathlib import Path

import symray
from symray.data import load_data
from symray.study_file import StudyFile
from symray.training.fingerprint import code_fingerprint, symray_fingerprint


def code_of(file: StudyFile) -> str:
    """Fingerprint of all code that decides the study's numbers."""
    own = f"-{code_fingerprint(file.code)[:12]}" if file.code else ""
    return symray_fingerprint()[:12] + own


def trial_tags(file: StudyFile) -> dict[str, str]:
    """Tags that every run of the study carries."""
    tags = {
        "symray.version": symray.__version__,
        "symray.code": code_of(file),
        "symray.data_key": load_data(file.data_spec()).key,
        "symray.preset": file.preset,
        "symray.torch": version("torch"),
    }
    commit = _commit()
    return tags | ({"symray.commit": commit} if commit else {})


def _commit() -> str | None:
    """The commit of the checkout that symray runs from; None for an installed package."""
    try:
        answer = subprocess.run(
            ["git", "-C", str(Path(symray.__file__).parent), "describe", "--always", "--dirty"],
            capture_output=True,
            text=True,
            timeout=5,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None
