"""Writing figures."""

from pathlib import Path

from matplotlib.figure import Figure


def save(figure: Figure, path: Path) -> None:
    """Write ``figure`` at 150 dots per inch, in the format of the path's suffix.

    Folders that are missing are made. Raises ValueError for a suffix that matplotlib can't write.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)
