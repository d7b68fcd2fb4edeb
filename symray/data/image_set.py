"""Images as a data set: memory-mapped, split by content, expanded on the device."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from symray.data.base import DataForm, Split, SplitName
from symray.data.cache import cached, remembered_digest
from symray.data.images import Images, load_images
from symray.data.reading import require_file
from symray.data.report import DataReport, columns_of
from symray.data.splits import across, row_digests
from symray.data.stored import StoredSet
from symray.data.transforms import Affine, Pixels, Transforms
from symray.data.transforms.pixels import WHITE
from symray.errors import UserError, nearest, shortened

WITH_FACTORS = DataForm("images", "factors", "convolutional")
WITHOUT_FACTORS = DataForm("images", "none", "convolutional")
SPEC_KEYS = ("npz", "images", "factors")
SIDE = 64
MOST_HELD_OUT = 10_000
LEAST_HELD_OUT = 40

_VERSION = 2  # of what is written to the cache


class ImageSet(StoredSet):
    """Images of 64 x 64 pixels, read from a folder of the cache that :func:`store` has filled.

    A tenth of them validates, another tests, at most about 10,000 each, and the others train;
    which ones follows from a hash of each image, so that equal images stay together. Y are the
    classes of the factors that made them, where they are known; a factor that never varies is left
    out. Splits are coloured by the first factor.

    Attributes:
        factor_names: of the factors that vary.
        steps: where the images are a sub-grid of dSprites, or a selection from it, its steps.
    """

    def __init__(self, folder: Path, name: str, steps: Sequence[int] | None = None) -> None:
        super().__init__(folder)
        about = json.loads((folder / "about.json").read_text())
        self.name = name
        self.key = about["key"]
        self.steps = steps
        self.factor_names: tuple[str, ...] = tuple(about["factor_names"])
        self.form = WITH_FACTORS if self.factor_names else WITHOUT_FACTORS  # type: ignore[misc]
        self.x_shape = (1, SIDE, SIDE)
        self.y_dims = len(self.factor_names)
        self.read_as: str = about.get("read_as", "black and white")
        self.constant: tuple[str, ...] = tuple(about.get("constant", ()))
        pixels = Pixels(SIDE, SIDE, about["binary"], about.get("white", WHITE))
        self.transforms = Transforms(pixels, Affine.identity(self.y_dims))
        self._factors = np.load(folder / "factors.npy", mmap_mode="r")
        for part in ("validation", "test"):
            if (left := len(self._rows[part])) < LEAST_HELD_OUT:
                different = len(np.unique(row_digests(self._stored)))
                raise UserError(
                    f"{name}: {len(self._stored)} images, of which {different} are different, "
                    f"leave {left} for the {part} split, but at least {LEAST_HELD_OUT} are needed; "
                    "give about 600 different ones or more"
                )

    @property
    def point_bytes(self) -> int:
        """The bytes of a stored image and of its factors."""
        return int(self._stored.shape[1]) + 4 * self.y_dims

    def split(self, name: SplitName) -> Split:
        """The images of ``name``."""
        x, y = self._read(self._rows[name])
        return Split(x, y, y[:, 0].numpy() if self.y_dims else np.zeros(len(x), np.float32))

    def report(self) -> DataReport:
        """How images were read, their factors, and which are the same."""
        digests = row_digests(self._stored)
        factors = np.asarray(self._factors)
        varying = ", ".join(self.constant)
        return DataReport(
            self.name,
            f"images of {SIDE} x {SIDE} pixels, {self.read_as}",
            len(digests),
            len(digests),
            {name: len(rows) for name, rows in self._rows.items()},
            tuple(columns_of("y", self.factor_names, factors, self.transforms.y))
            if self.y_dims
            else (),
            repeats={"images that are the same as another": len(digests) - len(np.unique(digests))},
            across_splits=across(digests, self._part_of),
            notes=(f"factors that never vary are left out: {varying}",) if varying else (),
        )

    def _read(self, rows: NDArray[np.intp]) -> tuple[Tensor, Tensor]:
        return (
            torch.from_numpy(self._stored[rows]),
            torch.from_numpy(self._factors[rows].astype(np.float32)),
        )


def store(images: Images, names: Sequence[str], key: str, source: str) -> Callable[[Path], None]:
    """What fills a folder of the cache with ``images``.

    Args:
        images: of 64 x 64 pixels.
        names: of their factors.
        key: fingerprint of the content.
        source: where they come from, for the error's sentence.

    Raises:
        UserError: another size, or factors of which none varies.
    """
    if (images.height, images.width) != (SIDE, SIDE):
        raise UserError(
            f"{source}: the images are {images.height} x {images.width} pixels, but the networks "
            f"take {SIDE} x {SIDE}; resize them"
        )
    varying = [i for i, column in enumerate(images.factors.T) if np.ptp(column) > 0]
    if images.factors.shape[1] and not varying:
        raise UserError(f"{source}: none of the factors varies; leave them out")

    def fill(folder: Path) -> None:
        np.save(folder / "stored.npy", images.stored)
        factors = images.factors[:, varying]
        narrowest = np.min_scalar_type(int(factors.max(initial=0)))
        np.save(folder / "factors.npy", factors.astype(narrowest))
        np.save(folder / "parts.npy", _parts(images.stored))
        about = {
            "key": key,
            "binary": images.binary,
            "factor_names": [names[i] for i in varying],
            "constant": [name for i, name in enumerate(names) if i not in varying],
            "read_as": images.read_as,
            "white": images.white,
        }
        (folder / "about.json").write_text(json.dumps(about))

    return fill


def images_from_spec(spec: Mapping[str, Any]) -> ImageSet:
    """The data set of a study file's ``{npz: FILE, images: KEY, factors: KEY}``.

    Raises:
        UserError: a key is unknown or missing, or the file can't be used.
    """
    for key in spec:
        if key not in SPEC_KEYS:
            raise UserError(f"data: unknown key '{shortened(key)}'{nearest(str(key), SPEC_KEYS)}")
    if "npz" not in spec:
        raise UserError("data: images come from a file: {npz: FILE, images: KEY, factors: KEY}")
    path, images, factors = Path(spec["npz"]), str(spec["images"]), spec.get("factors")
    require_file(path)
    options = json.dumps([images, factors, _VERSION])  # run together, a-b and c are a and b-c
    key = f"{remembered_digest(path)}-{hash_name(options)}"

    def fill(folder: Path) -> None:
        loaded = load_images(path, images, factors)
        names = [f"{factors} {i + 1}" for i in range(loaded.factors.shape[1])]
        store(loaded, names, key, str(path))(folder)

    return ImageSet(cached(f"images-{key[:16]}-{hash_name(key)}", fill), str(path))


def hash_name(key: str) -> str:
    """A short name for ``key`` in the cache."""
    return f"{int(row_digests([key.encode()])[0]):016x}"


def _parts(stored: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """To which part each image belongs."""
    held_out = min(0.1, MOST_HELD_OUT / len(stored))
    place = row_digests(np.ascontiguousarray(stored)) / 2.0**64
    return np.where(place < held_out, 2, np.where(place < 2 * held_out, 1, 0)).astype(np.uint8)
