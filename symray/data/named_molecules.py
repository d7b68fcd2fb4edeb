"""What the named data sets of molecules share: how they are prepared and found again."""

from abc import abstractmethod
from pathlib import Path
from typing import ClassVar

from symray.data.base import DataForm, NamedDataSet
from symray.data.cache import cache_folder, cached, find_cached
from symray.data.fetch import Progress, fetch, file_digest, silent
from symray.data.image_set import hash_name
from symray.data.molecule_set import VERSION, Molecules, MoleculeSet, store
from symray.data.reading import layout_of
from symray.errors import UserError
from symray.folders import named_folder


class NamedMolecules(MoleculeSet, NamedDataSet):
    """Molecules that study files know by a name; what was prepared last is what the name means.

    Attributes:
        form: theirs.
        url: of the publisher's file.
        checksum: of it.
        filename: the publisher's.
        own_names: patterns of files that are looked for in a folder, the first before the others.
        y_columns: width of Y as stored; without targets it is zeros.
    """

    form: ClassVar[DataForm]
    url: ClassVar[str]
    checksum: ClassVar[str]
    filename: ClassVar[str]
    own_names: ClassVar[tuple[str, ...]]
    y_columns: ClassVar[int]

    def __init__(self) -> None:
        folder = find_cached(self.chosen())
        assert folder is not None  # load_data has looked
        super().__init__(folder, self.name, type(self).form)

    @classmethod
    def is_prepared(cls) -> bool:
        """Whether a file has been read by this version of symray's code."""
        return find_cached(cls.chosen()) is not None

    @classmethod
    def prepare(cls, source: Path | None = None, progress: Progress = silent) -> None:
        """Read ``source``, or such a file in ``SYMRAY_DATA``, or fetch the publisher's.

        Raises:
            UserError: the file can't be used, or its publisher is away.
        """
        path = cls._source(source, progress)
        content = [file_digest(path), layout_of(path), *cls._depends_on()]
        key = f"{cls._pointer()}-{hash_name('-'.join(content))}"

        def make(folder: Path) -> None:
            progress(f"reading {path}", 0, None)
            store(cls._molecules_of(path, progress), key, str(path), cls.y_columns)(folder)

        cached(key, make)
        (cache_folder() / cls._pointer()).write_text(key)

    @classmethod
    @abstractmethod
    def _molecules_of(cls, path: Path, progress: Progress) -> Molecules:
        """The molecules of a file, encoded; says which can't be."""

    @classmethod
    def _depends_on(cls) -> list[str]:
        """Folders of the cache that the content depends on, beside the file."""
        return []

    @classmethod
    def chosen(cls) -> str:
        """The folder of the cache that was prepared last."""
        pointer = cache_folder() / cls._pointer()
        return pointer.read_text().strip() if pointer.is_file() else cls._pointer()

    @classmethod
    def _pointer(cls) -> str:
        return f"{cls.name}-v{VERSION}"

    @classmethod
    def _source(cls, source: Path | None, progress: Progress) -> Path:
        """The file to read: ``source``, else one in ``SYMRAY_DATA``, else the publisher's.

        Raises:
            UserError: ``source`` holds no such file, or the publisher is away.
        """
        folder = source if source is not None else named_folder("SYMRAY_DATA")
        if folder is not None:
            if folder.is_file():
                return folder
            found = [path for pattern in cls.own_names for path in sorted(folder.glob(pattern))]
            if found:
                return found[0]
            if source is not None:
                raise UserError(f"{source}: there is no file {' or '.join(cls.own_names)}")
        return fetch(cls.url, cls.checksum, cache_folder() / cls.filename, progress)
