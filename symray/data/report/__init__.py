"""What was read of a data set, so that a lie can be seen before a study believes it."""

from symray.data.report.columns import Column, columns_of, warnings_of
from symray.data.report.report import DataReport

__all__ = ["Column", "DataReport", "columns_of", "warnings_of"]
