"""Whether a file is there, for names that the system itself refuses, too."""

from pathlib import Path

from symray.errors import UserError, shortened

LONGEST = 150
"""Characters of a path in a sentence."""


def is_file(path: Path) -> bool:
    """Whether ``path`` is a file; a name that is too long or holds a NUL is none."""
    try:
        return path.is_file()
    except PermissionError:
        raise
    except (OSError, ValueError):  # File name too long; embedded null byte
        return False


def require_file(path: Path) -> Path:
    """``path``, where it is a file.

    Raises:
        UserError: it isn't.
    """
    if not is_file(path):
        raise UserError(f"{shortened(path, LONGEST)}: there is no such file")
    return path
