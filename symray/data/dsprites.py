"""dSprites (Matthey et al. 2017) as data sets: drawn by ourselves, or the published file."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from symray.data.base import NamedDataSet
from symray.data.cache import cache_folder, cached, find_cached
from symray.data.factors import DSPRITES, Classes
from symray.data.fetch import Progress, fetch, file_digest, silent
from symray.data.image_set import WITH_FACTORS, ImageSet, hash_name, store
from symray.data.sprites import load_sprites, rendered
from symray.errors import UserError
from symray.folders import named_folder

URL = (
    "https://github.com/deepmind/dsprites-dataset/raw/master/"
    "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
)
CHECKSUM = "md5:7da33b31b13a06f4b04a70402ce90c2e"

MOST_SPREAD = 50_000

_DRAWN = "dsprites-1"  # raised when the renderer changes
_ALL = (1,) * len(DSPRITES.sizes)


class DSprites(ImageSet, NamedDataSet):
    """All 737,280 images, drawn by ourselves without a download."""

    form = WITH_FACTORS
    name = "dsprites"
    summary = "3 shapes x 6 scales x 40 orientations x 32 x 32 positions, drawn without a download"

    def __init__(self) -> None:
        super().__init__(drawn(_ALL), self.name, _ALL)

    @classmethod
    def is_prepared(cls) -> bool:
        """Whether they are drawn."""
        return find_cached(_drawn_name(_ALL)) is not None

    @classmethod
    def prepare(cls, source: Path | None = None, progress: Progress = silent) -> None:
        """Draw them.

        Raises:
            UserError: there is a ``source``, which nothing would be read from.
        """
        if source is not None:
            raise UserError(
                f"{cls.name} is drawn and reads no file; prepare dsprites_published --from {source}"
            )
        progress("drawing 737,280 images", 0, None)
        drawn(_ALL)


class PublishedDSprites(ImageSet, NamedDataSet):
    """The published file, or a selection of its images that somebody has."""

    form = WITH_FACTORS
    name = "dsprites_published"
    summary = "the published images of dSprites, fetched (26 MB) or any selection of them"

    def __init__(self) -> None:
        folder = find_cached(self._chosen())
        assert folder is not None  # load_data has looked
        super().__init__(folder, self.name, _ALL)

    @classmethod
    def is_prepared(cls) -> bool:
        """Whether a file has been read."""
        return find_cached(cls._chosen()) is not None

    @classmethod
    def prepare(cls, source: Path | None = None, progress: Progress = silent) -> None:
        """Read ``source``, or the first such file in ``SYMRAY_DATA``, or fetch the whole.

        Raises:
            UserError: the file can't be used, or its publisher is away.
        """
        path = source or _own_file()
        if path is None:
            path = fetch(URL, CHECKSUM, cache_folder() / Path(URL).name, progress)
        elif path.is_dir():
            path = _in_folder(path) or path
        if not path.is_file():
            raise UserError(f"{path}: there is no file of dSprites' images (*.npz)")
        progress(f"reading {path}", 0, None)
        key = f"dsprites-published-{hash_name(file_digest(path))}"
        cached(
            key, lambda folder: store(load_sprites(path), DSPRITES.names, key, str(path))(folder)
        )
        (cache_folder() / "dsprites_published").write_text(key)

    @staticmethod
    def _chosen() -> str:
        """The folder of the cache that was prepared last."""
        pointer = cache_folder() / "dsprites_published"
        return pointer.read_text().strip() if pointer.is_file() else "dsprites-published"


def drawn(steps: Sequence[int]) -> Path:
    """The folder of the cache with every ``steps[i]``-th value of factor i, drawn where need be.

    Raises:
        ValueError: not one step of at least 1 for each factor.
    """
    index = DSPRITES.every(steps)
    name = _drawn_name(steps)
    return cached(name, lambda folder: store(rendered(index), DSPRITES.names, name, name)(folder))


def sprites_from_spec(spec: Mapping[str, Any]) -> ImageSet:
    """The sub-grid of a study file's ``{dsprites: [1, 1, 4, 2, 2]}``: every n-th of each factor.

    Raises:
        UserError: not a step for each of the five factors, or one that leaves a single value.
    """
    unknown = [key for key in spec if key != "dsprites"]
    if unknown:
        raise UserError(f"data: unknown key '{unknown[0]}' beside dsprites")
    try:
        steps = checked_steps(spec["dsprites"])
    except UserError as error:
        raise UserError(f"data: dsprites {error}") from None
    return ImageSet(drawn(steps), f"dsprites {list(steps)}", steps)


def checked_steps(steps: object) -> tuple[int, ...]:
    """``steps`` of a sub-grid, one for each factor.

    Raises:
        UserError: not five whole numbers, or one that leaves a factor a single value.
    """
    sizes = DSPRITES.sizes
    if (
        isinstance(steps, list | tuple)
        and len(steps) == len(sizes)
        and all(type(s) is int and 1 <= s < n for s, n in zip(steps, sizes, strict=True))
    ):
        return tuple(steps)
    raise UserError(
        f"takes every n-th {', '.join(DSPRITES.names[:-1])} and {DSPRITES.names[-1]}, n at least 1"
        f" and below {', '.join(map(str, sizes))}, as in [1, 1, 4, 2, 2], not {steps}"
    )


def spread(steps: Sequence[int], most: int = MOST_SPREAD) -> Classes:
    """Positions of about ``most`` images of a sub-grid that show each factor evenly.

    All of them where there are no more; else one in a power of two, along skew planes: each
    combination of shape, scale and orientation at places all over the picture, and each place with
    all shapes and scales, in as many orientations as that gives.
    """
    index = DSPRITES.every(steps)
    planes = 2 ** max(0, math.ceil(math.log2(len(index) / most)))
    shape, scale, turn, x, y = (DSPRITES.classes(index) // steps).T
    taken: Classes = index[(x + 5 * y + turn + 7 * scale + 11 * shape) % planes == 0]
    return taken


def _drawn_name(steps: Sequence[int]) -> str:
    return f"{_DRAWN}-{'-'.join(map(str, steps))}"


def _own_file() -> Path | None:
    folder = named_folder("SYMRAY_DATA")
    return _in_folder(folder) if folder else None


def _in_folder(folder: Path) -> Path | None:
    return next(iter(sorted(folder.glob("dsprites*.npz"))), None)
