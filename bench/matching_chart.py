"""Draws latency against size as a small SVG, both axes logarithmic, readable in light and in dark."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 170, 48, 52
COLOURS = ["#0b7a75", "#c1572b", "#6b5ca5", "#8a8d91"]

Series = dict[str, list[tuple[int, float]]]
"""By system, its (number of hashes, microseconds)."""


def _count(n: float) -> str:
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if n >= size:
            return f"{n / size:g}{unit}"
    return f"{n:g}"


def _time(microseconds: float) -> str:
    return f"{microseconds / 1000:g} ms" if microseconds >= 1000 else f"{microseconds:g} µs"


def draw(series: Series, title: str, note: str, path: Path) -> None:
    """Write the chart; ``note`` says which command made it."""
    sizes = sorted({size for points in series.values() for size, _ in points})
    times = [value for points in series.values() for _, value in points]
    low, high = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))
    first, last = math.log10(sizes[0]), math.log10(sizes[-1])

    def x(size: float) -> float:
        return LEFT + (math.log10(size) - first) / max(last - first, 1e-9) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (math.log10(value) - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'font-family="system-ui, sans-serif" font-size="13" fill="#6b7075">'
        ),
        f"<title>{title}</title>",
        f'<text x="{LEFT}" y="24" font-size="15" font-weight="600">{title}</text>',
    ]
    for power in range(low, high + 1):
        at = y(10**power)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}" stroke="#8884"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{_time(10**power)}</text>')
    parts += [
        f'<text x="{x(size):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{_count(size)}</text>'
        for size in sizes
    ]
    labels: list[float] = []
    for colour, (name, points) in zip(COLOURS, series.items(), strict=False):
        line = " ".join(f"{x(size):.1f},{y(value):.1f}" for size, value in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        parts += [f'<circle cx="{x(s):.1f}" cy="{y(v):.1f}" r="3.5" fill="{colour}"/>' for s, v in points]
        at = y(points[-1][1])
        while any(abs(at - other) < 16 for other in labels):
            at += 4
        labels.append(at)
        parts.append(f'<text x="{x(points[-1][0]) + 10:.1f}" y="{at + 4:.1f}" fill="{colour}">{name}</text>')
    parts.append(f'<text x="{LEFT}" y="{HEIGHT - 10}" font-size="11">{note}</text></svg>')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(parts) + "\n", encoding="utf-8")
