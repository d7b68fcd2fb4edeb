"""How files are opened and read, whoever wrote them: text in any wrapping, tables of any kind."""

from symray.data.reading.bad import EXAMPLES, BadLine, kinds_of, too_many
from symray.data.reading.files import is_file, require_file
from symray.data.reading.tables import Record, Refusal, Table, layout_of, open_table
from symray.data.reading.text import open_text

__all__ = [
    "EXAMPLES",
    "BadLine",
    "Record",
    "Refusal",
    "Table",
    "is_file",
    "kinds_of",
    "layout_of",
    "open_table",
    "open_text",
    "require_file",
    "too_many",
]
