# SPDX-License-Identifier: GPL-3.0-or-later
"""Plots of a take for its health page: what happens when, all blinks on each other, ranges."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from ..arrays import FloatArray
from ..pages import Markup, figure
from ..plots import COLOURS, INK, QUIET, RULE, Line, Panel, plot_panels
from ..points import SPACE, points_of
from ..take import Take
from ..take_sampling import sample_channels, valid_at_samples
from .channel_health import LIVE, ChannelHealth
from .examine import Health
from .eye_blinks import EYES, Blink

#: What is drawn over time: title, unit, and per line its name and the channels whose mean it is.
_PANELS: tuple[tuple[str, str, tuple[tuple[str, tuple[str, ...], float], ...]], ...] = (
    ("Eyelids", "", (("left", ("eyeBlinkLeft",), 1.0), ("right", ("eyeBlinkRight",), 1.0))),
    ("Jaw and lips", "", (("jawOpen", ("jawOpen",), 1.0), ("mouthClose", ("mouthClose",), 1.0))),
    ("Smile", "", (("left", ("mouthSmileLeft",), 1.0), ("right", ("mouthSmileRight",), 1.0))),
    (
        "Brows",
        "",
        (
            ("up", ("browInnerUp",), 1.0),
            ("left down", ("browDownLeft",), 1.0),
            ("right down", ("browDownRight",), 1.0),
        ),
    ),
    (
        "Eyes turn",
        "degrees, to the left and down",
        (
            ("aside", ("leftEyeYaw", "rightEyeYaw"), -180.0 / np.pi),
            ("down", ("leftEyePitch", "rightEyePitch"), 180.0 / np.pi),
        ),
    ),
    (
        "Head",
        "degrees",
        (
            ("yaw", ("headYaw",), 180.0 / np.pi),
            ("pitch", ("headPitch",), 180.0 / np.pi),
            ("roll", ("headRoll",), 180.0 / np.pi),
        ),
    ),
)
_MARKS, _MARK_APART = 6, 0.012
_BEFORE_S, _AFTER_S, _BLINKS_DRAWN = 0.25, 0.45, 80
_OTHERS_DRAWN = 4


def over_time(take: Take, health: Health) -> Markup:
    """Curves over the whole take with blinks, closed lips, gaps and the worst moments."""
    if take.samples < 2:
        return Markup()
    panels = [*_face_panels(take, health), *_point_panels(take)]
    panels = panels or _other_panels(take, health)
    if not panels:
        return Markup()
    timing = health.timing
    holes = [*timing.drops, *timing.gaps]
    gaps = [(hole.start_s, hole.end_s) for hole in holes if not hole.channels]
    plot = plot_panels(
        panels,
        (float(take.times[0]), float(take.times[-1])),
        gaps_s=gaps,
        marks=_marks(take, health),
        summary="The take over time",
    )
    shown = "Grey: nothing was recorded. Dots: peaks of blinks and stretches of closed lips."
    return figure(Markup(plot), shown)


def blinks_overlaid(take: Take, health: Health) -> Markup:
    """All blinks of each eye on each other, by their peaks."""
    blinks = [blink for blink in health.blinks if blink.kind != "long"][:_BLINKS_DRAWN]
    names = [name for name in EYES if take.has(name)]
    if len(blinks) < 2 or not names:
        return Markup()
    lines = [_overlaid(take, name, blinks) for name in names]
    panels = [
        Panel(name, (line,), limits=(0.0, 1.0)) for name, line in zip(names, lines, strict=True)
    ]
    plot = plot_panels(panels, (-_BEFORE_S, _AFTER_S), summary="All blinks")
    few = " The first 80." if len(health.blinks) > _BLINKS_DRAWN else ""
    return figure(Markup(plot), f"Blinks on each other, seconds from their peaks.{few}")


def ranges(channels: Sequence[ChannelHealth]) -> Markup:
    """Bars from the 1st to the 99th percentile of coefficients, left beside right."""
    rows: list[tuple[str, list[ChannelHealth]]] = []
    by_name = {c.name: c for c in channels if c.kind == "weight" and c.state == LIVE}
    for channel in by_name.values():
        left = channel.name.removesuffix("Right") + "Left"
        if channel.side == "R" and left in by_name:
            continue
        partner = by_name.get(channel.name[:-4] + "Right") if channel.side == "L" else None
        stem = channel.name.removesuffix("Left")
        both = [channel, *([partner] if partner else [])]
        rows.append((stem if partner else channel.name, both))
    if not rows:
        return Markup()
    high = max(1.0, *(each.p99 for each in by_name.values()))
    return figure(
        Markup(_bars(rows, high)),
        "Range of motion: from the 1st to the 99th percentile; blue the left side or the "
        "middle, orange the right. The tick is the neutral.",
    )


def _face_panels(take: Take, health: Health) -> list[Panel]:
    panels: list[Panel] = []
    for title, unit, lines in _PANELS:
        drawn: list[Line] = []
        for label, names, factor in lines:
            there = [name for name in names if take.has(name)]
            if there:
                values = factor * sample_channels(take, there, take.times).mean(axis=1)
                known = valid_at_samples(take, there).all(axis=1)
                drawn.append(Line(label, take.times, values, known))
        if drawn and any(np.ptp(line.values) > 0 for line in drawn):
            panels.append(Panel(title, (*drawn, *_dots(title, health)), unit))
    return panels


def _dots(title: str, health: Health) -> list[Line]:
    if title == "Eyelids" and health.blinks:
        peaks = np.array([(blink.peak_s, blink.peak) for blink in health.blinks])
        return [Line("blinks", peaks[:, 0], peaks[:, 1], dots=True)]
    if title == "Jaw and lips" and health.lip_contacts:
        ends = [np.linspace(c.start_s, c.end_s, 3) for c in health.lip_contacts]
        times: FloatArray = np.concatenate(ends)
        return [Line("lips closed", times, np.zeros(len(times)), dots=True)]
    return []


def _point_panels(take: Take) -> list[Panel]:
    """Where the middle of all points goes."""
    points = points_of(take, SPACE)
    seen = points.valid.any(axis=1) if len(points) else np.zeros(take.samples, np.bool_)
    if not seen.any():
        return []
    weight = points.valid[:, :, None].astype(np.float64)
    middle = (points.positions * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1.0)
    middle = 1e3 * (middle - np.median(middle[seen], axis=0))
    names = ("to the left", "up", "ahead")
    lines = tuple(Line(name, take.times, middle[:, i], seen) for i, name in enumerate(names))
    count = points.valid.sum(axis=1).astype(np.float64)
    return [
        Panel("Middle of the points", lines, "mm"),
        Panel("Points seen", (Line("", take.times, count),)),
    ]


def _other_panels(take: Take, health: Health) -> list[Panel]:
    """The channels that move most, where none has a name that is known."""
    live = sorted((c for c in health.channels if c.state == LIVE), key=lambda c: -c.span)
    return [
        Panel(c.name, (Line("", take.times, sample_channels(take, [c.name], take.times)[:, 0]),))
        for c in live[:_OTHERS_DRAWN]
    ]


def _marks(take: Take, health: Health) -> list[tuple[float, str]]:
    """The first moments of the worst findings, not too near each other."""
    marks: list[tuple[float, str]] = []
    for finding in health.findings:
        if finding.severity == "note" or not finding.times_s:
            continue
        time = finding.times_s[0]
        near = any(abs(time - other) < _MARK_APART * take.duration_s for other, _ in marks)
        if not near and take.times[0] <= time <= take.times[-1]:
            marks.append((time, finding.code.replace("_", " ")))
        if len(marks) == _MARKS:
            break
    return marks


def _overlaid(take: Take, name: str, blinks: Sequence[Blink]) -> Line:
    """Windows around the peaks, one after the other with a break between."""
    series = sample_channels(take, [name], take.times)[:, 0]
    times: list[FloatArray] = []
    values: list[FloatArray] = []
    known: list[bool] = []
    for blink in blinks:
        first, end = np.searchsorted(
            take.times, [blink.peak_s - _BEFORE_S, blink.peak_s + _AFTER_S]
        ).tolist()
        times.append(np.append(take.times[first:end] - blink.peak_s, 0.0))
        values.append(np.append(series[first:end], 0.0))
        known += [True] * (end - first) + [False]
    return Line("", np.concatenate(times), np.concatenate(values), np.array(known, np.bool_))


def _bars(rows: Sequence[tuple[str, list[ChannelHealth]]], high: float) -> str:
    """Two columns of bars; the names stand before them."""
    half = (len(rows) + 1) // 2
    name_wide, bar_wide, row_high = 128.0, 300.0, 15.0
    parts: list[str] = []
    for place, (name, sides) in enumerate(rows):
        column, row = divmod(place, half)
        left, top = column * 462.0 + name_wide, 6.0 + row * row_high
        parts.append(
            f'<text x="{left - 6:g}" y="{top + 9:g}" text-anchor="end">{escape(name)}</text>'
            f'<path d="M{left:g},{top + 12.5:g}h{bar_wide:g}" stroke="{RULE}" stroke-width="0.6"/>'
        )
        for number, side in enumerate(sides):
            start, end = (
                float(np.clip(value / high, 0.0, 1.0)) * bar_wide for value in (side.p01, side.p99)
            )
            neutral = left + float(np.clip(side.neutral / high, 0.0, 1.0)) * bar_wide
            thick = 4.2 if len(sides) > 1 else 8.6
            y = top + 1.5 + number * 4.8
            parts.append(
                f'<rect x="{left + start:.1f}" y="{y:.1f}" width="{max(end - start, 0.6):.1f}" '
                f'height="{thick:g}" fill="{COLOURS[number]}"/>'
                f'<path d="M{neutral:.1f},{y:.1f}v{thick:g}" stroke="{INK}" stroke-width="1.2"/>'
            )
    foot = 6.0 + half * row_high
    for column in range(2 if len(rows) > 1 else 1):
        for share in (0.0, 0.5, 1.0):
            x = column * 462.0 + name_wide + share * bar_wide / high
            parts.append(
                f'<text x="{x:g}" y="{foot + 12:g}" text-anchor="middle" '
                f'fill="{QUIET}">{share:g}</text>'
            )
    return (
        f'<svg viewBox="0 0 920 {foot + 18:g}" role="img" font-size="10" fill="{INK}" '
        "font-family=\"system-ui, 'Segoe UI', Helvetica, Arial, sans-serif\">"
        f"<title>Range of motion</title>{''.join(parts)}</svg>"
    )
