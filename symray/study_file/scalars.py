"""Plain values of YAML that people read otherwise than YAML 1.1 does, refused."""

import re
from typing import Any

import yaml

from symray.errors import shortened

LARGEST = 2**53
"""Whole numbers up to here are the same as floats, and more than anything that is counted."""

_DECIMAL = re.compile(r"[-+]?(0|[1-9]\d*)", re.ASCII)
_INT, _FLOAT = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"
_DATE = "tag:yaml.org,2002:timestamp"


def scalar(node: yaml.ScalarNode, loader: yaml.SafeLoader) -> Any:
    """The value of a plain node.

    Raises:
        ValueError: it is none, or a number or date that is written so that people may read another
            one; the sentence says what was read and what to write.
    """
    text = shortened(node.value, 40)
    try:
        value = loader.construct_object(node)
    except (yaml.YAMLError, ValueError, OverflowError, KeyError, IndexError):
        raise ValueError(f"'{text}' is no plain value") from None
    if node.tag == _DATE:
        raise ValueError(f"'{text}' is a date in YAML; write it in quotes, or a number")
    if node.tag == _INT and not _DECIMAL.fullmatch(node.value):
        raise ValueError(_otherwise(text, value))
    if node.tag == _FLOAT and ("_" in node.value or ":" in node.value):
        raise ValueError(_otherwise(text, value))
    if node.tag == _INT and abs(value) > LARGEST:
        raise ValueError(f"'{text}' is too large a whole number; {LARGEST} is the largest")
    return value


def _otherwise(text: str, value: Any) -> str:
    plain = re.sub(r"^([-+]?)0+(?=\d)", r"\1", text)
    meant = f", or {plain} if that is meant" if _DECIMAL.fullmatch(plain) else ""
    read = shortened(value, 40)
    return f"'{text}' is read as {read} by YAML; write {read}{meant}, or quotes around a text"
