# SPDX-License-Identifier: GPL-3.0-or-later
"""Curves over time as SVG: panels above each other on one time axis, gaps shaded, moments marked.

The strings go into an HTML page as they are; they need no script and no other file.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from .arrays import BoolArray, FloatArray, IntArray

#: Told apart by people with any kind of colour vision, and in grey print by their order.
COLOURS = ("#0b64a0", "#d1531f", "#2a8a5f", "#8b5ba6")
INK, QUIET, RULE, GAP = "#33312d", "#7a766d", "#dcd8cf", "#ece7db"

_LEFT, _RIGHT, _TOP, _TITLE, _BETWEEN, _AXIS = 40.0, 8.0, 6.0, 19.0, 9.0, 34.0
_MARK_LABELS = 30.0


@dataclass(frozen=True, slots=True)
class Line:
    """One curve.

    Attributes
    ----------
    label : str
        Its name in the panel's legend.
    times : (n,) float
        Seconds, increasing.
    values : (n,) float
    known : (n,) bool, optional
        Where nothing is drawn: False. Default: everything is known.
    dots : bool
        Draw points instead of a line.
    """

    label: str
    times: FloatArray
    values: FloatArray
    known: BoolArray | None = None
    dots: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """Curves on one value axis, whose limits follow the curves unless ``limits`` gives them."""

    title: str
    lines: tuple[Line, ...]
    unit: str = ""
    limits: tuple[float, float] | None = None
    height: float = 74.0


def plot_panels(
    panels: Sequence[Panel],
    span_s: tuple[float, float],
    *,
    gaps_s: Sequence[tuple[float, float]] = (),
    marks: Sequence[tuple[float, str]] = (),
    width: float = 920.0,
    summary: str = "",
) -> str:
    """Draw panels above each other.

    Parameters
    ----------
    panels : sequence of Panel
    span_s : (float, float)
        Seconds at the left and right end of the time axis.
    gaps_s : sequence of (float, float)
        Stretches without data, from and to in seconds; shaded in every panel.
    marks : sequence of (float, str)
        Moments with a name, drawn as a line through all panels and named at the top.
    width : float
        Width in user units; the picture scales with the page.
    summary : str
        What the picture shows, for people who cannot see it.

    Returns
    -------
    str
        An ``<svg>`` element.

    Raises
    ------
    ValueError
        When the time axis has no length.
    """
    start_s, end_s = span_s
    if not end_s > start_s:
        raise ValueError(f"span_s must be [start, end] with start < end, not {span_s}")
    scale = (width - _LEFT - _RIGHT) / (end_s - start_s)
    top = _TOP + (_MARK_LABELS if marks else 0.0)
    parts: list[str] = []
    tops: list[float] = []
    for panel in panels:
        tops.append(top + _TITLE)
        top += _TITLE + panel.height + _BETWEEN
    foot = top - _BETWEEN
    height = foot + _AXIS
    box = _Box(_LEFT, width - _RIGHT, start_s, scale)
    for panel, panel_top in zip(panels, tops, strict=True):
        parts += _gap_boxes(gaps_s, box, panel_top, panel.height)
    parts += _mark_lines(marks, box, foot)
    for panel, panel_top in zip(panels, tops, strict=True):
        parts += _draw_panel(panel, box, panel_top)
    parts += _time_axis(start_s, end_s, box, foot)
    return (
        f'<svg viewBox="0 0 {_n(width)} {_n(height)}" '
        f'role="img" font-family="system-ui, \'Segoe UI\', Helvetica, Arial, sans-serif" '
        f'font-size="11" fill="{INK}">'
        + (f"<title>{escape(summary)}</title>" if summary else "")
        + "".join(parts)
        + "</svg>"
    )


def line_path(
    xs: FloatArray, ys: FloatArray, known: BoolArray | None = None, *, step: float = 0.5
) -> str:
    """Path data of a curve, broken where it is not known.

    Where there are many samples in ``step`` units of width, only the first, lowest, highest and
    last of them are drawn, which looks the same (M4 aggregation, Jugel et al. 2014).

    Parameters
    ----------
    xs, ys : (n,) float
        Places in the drawing, ``xs`` increasing.
    known : (n,) bool, optional
    step : float
        Width within which samples cannot be told apart.
    """
    known = np.ones(len(xs), np.bool_) if known is None else np.asarray(known, np.bool_)
    pieces: list[str] = []
    for first, end in _runs(known & np.isfinite(xs) & np.isfinite(ys)):
        kept = first + _visible(xs[first:end], ys[first:end], step)
        points = [
            f"{_n(x)},{_n(y)}" for x, y in zip(xs[kept].tolist(), ys[kept].tolist(), strict=True)
        ]
        # a sample between two gaps is a dot: a line of no length with round ends
        pieces.append(f"M{points[0]}" + ("h0" if len(points) == 1 else "L" + " ".join(points[1:])))
    return "".join(pieces)


def nice_ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers (steps of 1, 2 or 5 times a power of ten) within limits, ``most`` at most."""
    if not high > low or most < 2:
        return [low]
    raw = (high - low) / (most - 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(f * power for f in (1, 2, 5, 10, 20) if _tick_count(low, high, f * power) <= most)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class _Box:
    left: float
    right: float
    start_s: float
    scale: float

    def x(self, seconds: FloatArray) -> FloatArray:
        return self.left + (np.asarray(seconds, np.float64) - self.start_s) * self.scale


def _draw_panel(panel: Panel, box: _Box, top: float) -> Iterator[str]:
    low, high = panel.limits or _limits_of(panel.lines)
    bottom = top + panel.height
    rise = panel.height / (high - low)
    ticks = nice_ticks(low, high, 3 if panel.height < 100 else 5)
    for value in ticks:
        y = bottom - (value - low) * rise
        yield f'<path d="M{_n(box.left)},{_n(y)}H{_n(box.right)}" stroke="{RULE}"/>'
        yield (
            f'<text x="{_n(box.left - 6)}" y="{_n(y + 3.5)}" text-anchor="end" font-size="10" '
            f'fill="{QUIET}">{_label(value)}</text>'
        )
    yield from _heading(panel, box, top)
    drawn = sum(not line.dots for line in panel.lines)
    for place, line in enumerate(panel.lines):
        colour = COLOURS[place % len(COLOURS)]
        xs = box.x(line.times)
        ys = bottom - (np.clip(line.values, low, high) - low) * rise
        if line.dots:
            known = np.ones(len(xs), np.bool_) if line.known is None else line.known
            data = "".join(f"M{_n(xs[i])},{_n(ys[i])}h0" for i in np.flatnonzero(known))
            stroke_width = 4.0
        else:
            data = line_path(xs, ys, line.known)
            # the first is broader, so that a second one that covers it leaves it to be seen
            stroke_width = 1.8 if place == 0 and drawn > 1 else 1.0
        yield (
            f'<path d="{data}" fill="none" stroke="{colour}" stroke-width="{stroke_width}" '
            'stroke-linecap="round" stroke-linejoin="round"/>'
        )


def _heading(panel: Panel, box: _Box, top: float) -> Iterator[str]:
    """The panel's name at the left, its curves' names at the right, each in its colour."""
    unit = f' <tspan font-weight="400" fill="{QUIET}">{escape(panel.unit)}</tspan>'
    yield (
        f'<text x="{_n(box.left)}" y="{_n(top - 6)}" font-weight="600">{escape(panel.title)}'
        f"{unit if panel.unit else ''}</text>"
    )
    if len(panel.lines) == 1 and panel.lines[0].label in ("", panel.title):
        return
    names = "".join(
        f'<tspan dx="{0 if place == 0 else 10}" fill="{COLOURS[place % len(COLOURS)]}">'
        f"{'•' if line.dots else '—'} {escape(line.label)}</tspan>"
        for place, line in enumerate(panel.lines)
    )
    yield f'<text x="{_n(box.right)}" y="{_n(top - 6)}" text-anchor="end">{names}</text>'


def _gap_boxes(
    gaps_s: Sequence[tuple[float, float]], box: _Box, top: float, height: float
) -> Iterator[str]:
    for start_s, end_s in gaps_s:
        left, right = (
            float(x) for x in np.clip(box.x(np.array([start_s, end_s])), box.left, box.right)
        )
        # a single lost frame must still be seen
        wide = max(right - left, 1.0)
        yield (
            f'<rect class="gap" x="{_n(left)}" y="{_n(top)}" width="{_n(wide)}" '
            f'height="{_n(height)}" fill="{GAP}"/>'
        )


def _mark_lines(marks: Sequence[tuple[float, str]], box: _Box, foot: float) -> Iterator[str]:
    """Lines with names on two levels, so that close ones can be read."""
    ends = [-math.inf, -math.inf]
    for seconds, name in sorted(marks):
        x = float(box.x(np.array([seconds]))[0])
        half = 2.9 * len(name)
        middle = min(max(x, half), box.right - half)
        level = 0 if middle - half > ends[0] + 6 else 1
        ends[level] = middle + half
        y = 10.0 + 14.0 * level
        yield (
            f'<path d="M{_n(x)},{_n(y + 4)}V{_n(foot)}" stroke="{QUIET}" stroke-width="0.7" '
            'stroke-dasharray="1 3"/>'
            f'<text x="{_n(middle)}" y="{_n(y)}" text-anchor="middle" font-size="10.5" '
            f'font-style="italic" fill="{QUIET}">{escape(name)}</text>'
        )


def _time_axis(start_s: float, end_s: float, box: _Box, foot: float) -> Iterator[str]:
    yield f'<path d="M{_n(box.left)},{_n(foot + 4)}H{_n(box.right)}" stroke="{QUIET}"/>'
    ticks = nice_ticks(start_s, end_s, 13)
    for place, value in enumerate(ticks):
        x = float(box.x(np.array([value]))[0])
        name = f"{_label(value)} s" if place == len(ticks) - 1 else _label(value)
        yield f'<path d="M{_n(x)},{_n(foot + 4)}v4" stroke="{QUIET}"/>'
        yield (
            f'<text x="{_n(x)}" y="{_n(foot + 20)}" text-anchor="middle" font-size="10" '
            f'fill="{QUIET}">{name}</text>'
        )


def _limits_of(lines: Sequence[Line]) -> tuple[float, float]:
    """Limits around all known values and nought."""
    low, high = 0.0, 0.0
    for line in lines:
        values = line.values if line.known is None else line.values[line.known]
        values = values[np.isfinite(values)]
        if len(values):
            low, high = min(low, float(values.min())), max(high, float(values.max()))
    if high - low < 1e-9:
        return low, low + 1.0
    room = 0.04 * (high - low)
    return (low - room if low < 0 else low), high + room


def _visible(xs: FloatArray, ys: FloatArray, step: float) -> IntArray:
    """Indices of the samples that make a difference to the eye."""
    columns = np.floor(xs / step).astype(np.int64)
    starts = np.concatenate(([0], np.flatnonzero(np.diff(columns)) + 1))
    if len(xs) <= 4 * len(starts):
        return np.arange(len(xs))
    ends = np.concatenate((starts[1:], [len(xs)]))
    kept: set[int] = set()
    for first, end in zip(starts.tolist(), ends.tolist(), strict=True):
        inside = ys[first:end]
        kept |= {first, first + int(inside.argmin()), first + int(inside.argmax()), end - 1}
    return np.array(sorted(kept), np.int64)


def _runs(flags: BoolArray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    return [(int(first), int(end)) for first, end in edges.reshape(-1, 2)]


def _tick_count(low: float, high: float, step: float) -> int:
    return math.floor(high / step + 1e-9) - math.ceil(low / step - 1e-9) + 1


def _label(value: float) -> str:
    return f"{value:.6g}".replace("-", "−")


def _n(value: float) -> str:
    """A coordinate with a decimal at most; a tenth of a unit is finer than print."""
    # adding nought turns -0.0 into 0.0
    return f"{round(float(value), 1) + 0.0:.1f}".removesuffix(".0")
