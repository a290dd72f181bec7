# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of C3D files: optical markers of any system, in any of the three encodings."""

from __future__ import annotations

import math
from pathlib import Path

from ..errors import FacemocapError
from ..formats.c3d_file import (
    BLOCK,
    C3D,
    ENCODINGS,
    KEY,
    Layout,
    find_layout,
    open_c3d,
    parameter_offset,
    read_points,
)
from ..formats.marker_frames import parse_axis
from ..formats.marker_takes import (
    Markers,
    check_points,
    counted_times,
    finished_markers,
    is_rate,
    times_at_rate,
)
from ..formats.read_options import ReadOptions
from ..take import Take, TakeSource
from . import Reader

FORMAT = "c3d"
_EXPORT_AGAIN = "Export or copy it again"
#: Lists of labels that are results of a body model and not places.
_RESULTS = ("ANGLES", "FORCES", "MOMENTS", "POWERS", "SCALARS", "REACTIONS")
_SHOWN = 6
#: A larger step of integers than this, in any unit, is damage.
_MOST_SCALE = 1e4


def sniff(head: bytes) -> float:
    """The key in second place, and one of the three processors where the parameters begin."""
    if len(head) < 24 or head[1] != KEY or not 1 <= head[0] <= 64:
        return 0.0
    place = parameter_offset(head) + 3
    if place < len(head) and head[place] in ENCODINGS:
        return 0.95
    return 0.5 if head[0] == 2 and b"\0" in head[:24] else 0.0


def read(data: bytes, path: Path, options: ReadOptions) -> Take:
    """Read the take from the file's bytes."""
    name = path.name
    if len(data) < 2 * BLOCK:
        raise FacemocapError(f'"{name}" is cut off in its header', _EXPORT_AGAIN)
    c3d = open_c3d(data)
    layout = find_layout(c3d)
    if layout is None:
        raise FacemocapError(
            f'"{name}" has a damaged header: it names no points or no frames', _EXPORT_AGAIN
        )
    if layout.there < layout.frames:
        raise FacemocapError(
            f'"{name}" is cut off: {layout.there} of {layout.frames} frames are complete',
            _EXPORT_AGAIN,
        )
    check_points(name, layout.frames, layout.points)
    positions, valid = read_points(c3d, layout)
    labels = c3d.texts("POINT", "LABELS")[: layout.points]
    labels += [""] * (layout.points - len(labels))
    results = {
        label for each in _RESULTS for label in c3d.texts("POINT", each) if label
    }  # fmt: skip
    kept = [k for k, label in enumerate(labels) if label not in results]
    if not kept:
        raise FacemocapError(
            f'"{name}" holds results of a body model and no points', "Export its markers too"
        )
    markers = Markers(
        [labels[k] for k in kept],
        positions if len(kept) == layout.points else positions[:, kept],
        valid if len(kept) == layout.points else valid[:, kept],
        unit=c3d.text("POINT", "UNITS"),
        number_scale=1.0 if layout.real else _integer_scale(c3d, name),
        up=parse_axis(c3d.text("POINT", "Y_SCREEN")),
        right=parse_axis(c3d.text("POINT", "X_SCREEN")),
        usual_up=2,
    )
    _say_what_is_left_out(markers, labels, len(kept))
    rate = c3d.header.rate_hz
    if not is_rate(rate):
        rate = c3d.number("POINT", "RATE") or 0.0
    clock = (
        times_at_rate(layout.frames, rate)
        if is_rate(rate)
        else counted_times(layout.frames, options)
    )
    return finished_markers(markers, clock, TakeSource(name, FORMAT, _details(c3d, layout)))


def _integer_scale(c3d: C3D, name: str) -> float:
    """Length of one step of the integers, in the file's unit."""
    for scale in (c3d.header.scale, c3d.number("POINT", "SCALE") or 0.0):
        if math.isfinite(scale) and 0 < abs(scale) <= _MOST_SCALE:
            return abs(scale)
    raise FacemocapError(
        f'"{name}" has a damaged header: its integers have no scale', _EXPORT_AGAIN
    )


def _say_what_is_left_out(markers: Markers, labels: list[str], kept: int) -> None:
    blank = sum(not label for label in markers.names)
    if blank == len(markers.names):
        markers.warnings.append("No point has a name: they are numbered.")
    elif blank:
        markers.warnings.append(
            f"{blank} {'point has' if blank == 1 else 'points have'} no name and "
            f"{'is' if blank == 1 else 'are'} numbered."
        )
    left_out = len(labels) - kept
    if left_out:
        markers.warnings.append(
            f"{left_out} results of a body model (angles, forces) were not read."
        )


def _details(c3d: C3D, layout: Layout) -> dict[str, object]:
    """What an animator may want to know of the file itself."""
    encoding = ENCODINGS[c3d.numbers.processor]
    details: dict[str, object] = {
        "points": layout.points,
        "encoding": f"{encoding} {'real' if layout.real else 'integer'}",
        "first frame": c3d.header.first,
    }
    unit = c3d.text("POINT", "UNITS")
    if unit:
        details["unit"] = unit
    if layout.analog:
        used = c3d.number("ANALOG", "USED")
        channels = int(used) if used and math.isfinite(used) else layout.analog
        names = [label for label in c3d.texts("ANALOG", "LABELS")[:channels] if label]
        shown = ", ".join(names[:_SHOWN]) + f" and {len(names) - _SHOWN} more" * (
            len(names) > _SHOWN
        )
        details["analog channels not read"] = f"{channels} ({shown})" if names else channels
    subject = ", ".join(each for each in c3d.texts("SUBJECTS", "NAMES") if each)
    if subject:
        details["subject"] = subject
    return details


READER = Reader(FORMAT, "C3D markers (.c3d)", (".c3d",), sniff, read)
