"""The one way to open a file of text: gzip or not, with a byte order mark or not."""

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from symray.data.reading.files import LONGEST
from symray.errors import UserError, shortened

GZIP = b"\x1f\x8b"

_OTHERS: Mapping[bytes, str] = {
    codecs.BOM_UTF16_LE: "is text in UTF-16; save it as UTF-8",
    codecs.BOM_UTF16_BE: "is text in UTF-16; save it as UTF-8",
    b"PK\x03\x04": "is a spreadsheet or a zip archive; save the table in it as CSV",
    b"\xd0\xcf\x11\xe0": "is a spreadsheet of Excel; save the table in it as CSV",
    b"BZh": "is packed with bzip2; unpack it, or pack it with gzip",
    b"\xfd7zXZ": "is packed with xz; unpack it, or pack it with gzip",
    b"\x28\xb5\x2f\xfd": "is packed with zstd; unpack it, or pack it with gzip",
    b"PAR1": "is a Parquet file; save the table in it as CSV",
}
"""First bytes of what people name .csv, and what to do with it."""

_LOOKED_AT = 4096


@contextmanager
def open_text(path: Path) -> Iterator[IO[str]]:
    r"""``path`` for reading as UTF-8, whatever its name ends in.

    What is packed with gzip is unpacked, and a byte order mark is left out. Lines end as the file
    has it: iterating splits at ``\n``, ``\r\n`` and ``\r``.

    Raises:
        UserError: it can't be read, in a sentence that says what it is instead of text. So do
            errors of reading inside of the ``with`` block.
    """
    shown = shortened(path, LONGEST)
    try:
        with ExitStack() as stack:
            raw: io.BufferedReader = stack.enter_context(path.open("rb"))
            if raw.peek(len(GZIP)).startswith(GZIP):
                packed = stack.enter_context(gzip.GzipFile(fileobj=raw))
                raw = stack.enter_context(io.BufferedReader(packed))
            start = raw.peek(_LOOKED_AT)[:_LOOKED_AT]
            for magic, sentence in _OTHERS.items():
                if start.startswith(magic):
                    raise UserError(f"{shown} {sentence}")
            if b"\0" in start:
                raise UserError(f"{shown} is no text: it has zero bytes; save it as UTF-8")
            yield stack.enter_context(io.TextIOWrapper(raw, encoding="utf-8-sig", newline=""))
    except UnicodeDecodeError as error:
        raise UserError(
            f"{shown} is no text in UTF-8 (byte {error.object[error.start]:#x}); save it as UTF-8"
        ) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(f"{shown} can't be read: it is packed, and damaged or cut off") from error
    except OSError as error:
        raise UserError(f"{shown} can't be read: {error.strerror or error}") from error
