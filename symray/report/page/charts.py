"""Small charts as inline SVG, in the page's own colours: light, dark and print need no second."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 300, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 10, 10, 36
_TICKS = 4

FAINTEST = 0.15
"""Opacity of the weakest point."""


@dataclass(frozen=True)
class Point:
    """A point of a scatter: what is told of it, how strongly and in which of the classes it is
    drawn (``chosen``, ``front``, ``other``, ``infeasible``).
    """

    x: float
    y: float
    title: str
    kind: str = "other"
    strength: float = 1.0


def scatter(
    points: Sequence[Point], x_label: str, y_label: str, log_x: bool = False, line: bool = False
) -> str:
    """Points over two axes; with ``line`` those of the front are joined."""
    drawn = [p for p in points if _drawable(p.x, log_x) and math.isfinite(p.y)]
    if not drawn:
        return ""
    along = _axis([p.x for p in drawn], _LEFT, WIDTH - _RIGHT, log_x)
    up = _axis(_trimmed([p.y for p in drawn]), HEIGHT - _BOTTOM, _TOP, False)
    parts = [_frame(along, up, x_label, y_label)]
    front = sorted((p.x, p.y) for p in drawn if p.kind in ("front", "chosen"))
    if line and len(front) > 1:
        path = " ".join(f"{along.place(x):.1f},{up.place(y):.1f}" for x, y in front)
        parts.append(f'<polyline class="line" points="{path}"/>')
    order = {"infeasible": 0, "other": 1, "front": 2, "chosen": 3}
    for p in sorted(drawn, key=lambda p: order[p.kind]):
        radius, strength = 5 if p.kind == "chosen" else 3, max(FAINTEST, p.strength)
        parts.append(
            f'<circle class="{p.kind}" cx="{along.place(p.x):.1f}" cy="{up.place(p.y):.1f}" '
            f'r="{radius}" opacity="{strength:.2f}"><title>{escape(p.title)}</title></circle>'
        )
    return _svg(HEIGHT, "".join(parts), f"{y_label} over {x_label}")


def dots(rows: Sequence[tuple[str, Sequence[tuple[float, str]], float]], label: str) -> str:
    """One line per study: a dot for each seed, a bar at the mean."""
    values = [value for _, points, mean in rows for value in (*(v for v, _ in points), mean)]
    if not values:
        return ""
    height = 18 * len(rows) + _BOTTOM + _TOP
    left = 110
    along = _axis(values, left, WIDTH - _RIGHT, False)
    parts = [_ticks_below(along, height - _BOTTOM, label, left)]
    for i, (name, points, mean) in enumerate(rows):
        y = _TOP + 18 * i + 9
        parts.append(f'<text x="{left - 6}" y="{y + 4}" class="end">{escape(_short(name))}</text>')
        x = along.place(mean)
        parts.append(f'<line class="mean" x1="{x:.1f}" x2="{x:.1f}" y1="{y - 7}" y2="{y + 7}"/>')
        parts += [
            f'<circle class="front" cx="{along.place(value):.1f}" cy="{y}" r="3" opacity="0.7">'
            f"<title>{escape(title)}</title></circle>"
            for value, title in points
        ]
    return _svg(height, "".join(parts), f"{label} by seed")


def bars(shares: Sequence[tuple[str, float]], label: str) -> str:
    """Horizontal bars of shares of 1."""
    height = 18 * len(shares) + 24
    left = 120
    parts = [f'<text x="{left}" y="12">{escape(label)}</text>']
    for i, (name, share) in enumerate(shares):
        y = 20 + 18 * i
        width = share * (WIDTH - left - 44)
        parts.append(f'<text x="{left - 6}" y="{y + 11}" class="end">{escape(_short(name))}</text>')
        parts.append(
            f'<rect class="bar" x="{left}" y="{y}" width="{width:.1f}" height="13"/>'
            f'<text x="{left + width + 4:.1f}" y="{y + 11}">{share:.2f}</text>'
        )
    return _svg(height, "".join(parts), label)


@dataclass(frozen=True)
class _Axis:
    place: Callable[[float], float]
    ticks: Sequence[float]


def _axis(values: Sequence[float], begin: float, end: float, log: bool) -> _Axis:
    def inside(value: float) -> float:
        return math.log10(value) if log else value

    low, high = inside(min(values)), inside(max(values))
    margin = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
    low, high = low - margin, high + margin

    def place(value: float) -> float:
        share = min(1.0, max(0.0, (inside(value) - low) / (high - low)))
        return begin + share * (end - begin)

    steps = [low + (high - low) * (i + 0.5) / _TICKS for i in range(_TICKS)]
    return _Axis(place, [10**step if log else step for step in steps])


def _trimmed(values: Sequence[float]) -> list[float]:
    """Without the worst outliers upwards, which are drawn at the edge: one diverged trial must not
    flatten all others.
    """
    ordered = sorted(values)
    middle = ordered[len(ordered) // 2]
    spread = ordered[(3 * len(ordered)) // 4] - ordered[len(ordered) // 4]
    kept = [v for v in ordered if abs(v - middle) <= 6 * spread]
    return kept or ordered


def _drawable(value: float, log: bool) -> bool:
    return math.isfinite(value) and (value > 0 or not log)


def _frame(along: _Axis, up: _Axis, x_label: str, y_label: str) -> str:
    bottom = HEIGHT - _BOTTOM
    parts = [_ticks_below(along, bottom, x_label, _LEFT)]
    parts.append(f'<line class="axis" x1="{_LEFT}" x2="{_LEFT}" y1="{_TOP}" y2="{bottom}"/>')
    parts += [
        f'<text class="end" x="{_LEFT - 5}" y="{up.place(tick) + 4:.1f}">{tick:.3g}</text>'
        for tick in up.ticks
    ]
    parts.append(
        f'<text class="middle" transform="translate(11 {(bottom + _TOP) / 2}) rotate(-90)">'
        f"{escape(y_label)}</text>"
    )
    return "".join(parts)


def _ticks_below(along: _Axis, y: float, label: str, left: float) -> str:
    parts = [f'<line class="axis" x1="{left}" x2="{WIDTH - _RIGHT}" y1="{y}" y2="{y}"/>']
    parts += [
        f'<text class="middle" x="{along.place(tick):.1f}" y="{y + 14}">{tick:.3g}</text>'
        for tick in along.ticks
    ]
    middle = (left + WIDTH - _RIGHT) / 2
    parts.append(f'<text class="middle" x="{middle}" y="{y + 29}">{escape(label)}</text>')
    return "".join(parts)


def _svg(height: float, content: str, title: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
        f'aria-label="{escape(title)}">{content}</svg>'
    )


def _short(name: str) -> str:
    return name if len(name) <= 18 else f"{name[:9]}…{name[-8:]}"
