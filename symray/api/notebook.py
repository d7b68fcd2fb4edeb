"""A display in a notebook's cell that changes while the cell runs."""

import io
import time
from collections.abc import Callable
from typing import Any

from rich.console import Console, RenderableType

_EVERY = 0.5
"""Seconds between two pictures: a browser draws each of them."""
_WIDTH = 110
_STYLE = "font-family: monospace; line-height: 1.3; overflow-x: auto; white-space: pre"


class NotebookLive:
    """What :class:`rich.live.Live` is in a terminal, without widgets that may not be installed.

    Args:
        render: gives what is to be seen now.
    """

    def __init__(self, render: Callable[[], RenderableType]) -> None:
        self._render = render
        self._handle: Any = None
        self._drawn = 0.0

    @property
    def is_started(self) -> bool:
        """Whether it is to be seen."""
        return self._handle is not None

    def start(self) -> None:
        """Show it in the cell that runs."""
        from IPython.display import HTML, display

        self._handle = display(HTML(self._html()), display_id=True)

    def refresh(self) -> None:
        """Draw it again, unless it was drawn just now."""
        if self._handle is not None and time.monotonic() - self._drawn >= _EVERY:
            self._draw()

    def stop(self) -> None:
        """Leave the last state in the cell."""
        if self._handle is not None:
            self._draw()
            self._handle = None

    def _draw(self) -> None:
        from IPython.display import HTML

        self._handle.update(HTML(self._html()))
        self._drawn = time.monotonic()

    def _html(self) -> str:
        console = Console(
            file=io.StringIO(), record=True, width=_WIDTH, force_jupyter=False, markup=False
        )
        console.print(self._render())
        code = console.export_html(inline_styles=True, code_format="{code}")
        return f'<div style="{_STYLE}">{code}</div>'
