# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of Face Cap's text recordings.

Lines of three kinds: ``info`` (words), ``bs`` (names of the blend shapes) and ``k`` (a sample:
milliseconds, head position and turn, two angles an eye, a weight for each name).
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import FacemocapError
from ..formats.coefficient_takes import (
    Columns,
    check_size,
    drop_silent_angles,
    finished_take,
    say_unchanging,
    schema_columns,
)
from ..formats.cut_rows import count_sign, is_last_cell_cut, refuse_hollow
from ..formats.delimited import Cells, Layout, cell_numbers, plain_text, read_cells
from ..formats.eye_axes import EyeAxes, find_eye_axes
from ..formats.head_pose import (
    EYE_ANGLES,
    HEAD_ANGLES,
    AxisSigns,
    angle_channel,
    head_from_euler,
    head_position,
    position_channels,
)
from ..formats.sample_times import read_clock
from ..take import Take, TakeSource
from . import Reader, ReadOptions

FORMAT = "face_cap_text"
_EXPORT_AGAIN = "Export it from Face Cap again"
#: Cells before the weights: the letter, the time, 3 + 3 of the head, 2 + 2 of the eyes.
_BEFORE = 12
_LAYOUT = Layout(",", ".", (), 0)
_LINE = re.compile(rb"\s*(?:info|bs|k)\s*,")
_NAMES = re.compile(rb"(?m)^[ \t]*bs[ \t]*,([^\n]*)")
_INFO = re.compile(rb"(?m)^[ \t]*info[ \t]*,([^\n]*)")
_USUAL = EyeAxes(
    0, 1.0, -1.0, False, False,
    "Eye angles are taken for pitch and yaw, positive down and to the subject's right, "
    "as is usual: the take says nothing else.",
)  # fmt: skip
#: A head that moves more than this, in the unit of the file, is not measured in metres.
_MOST_M = 1.0
_NEAR_RATE = 60.0


def sniff(head: bytes) -> float:
    """A first line of one of the three kinds, and a second kind or the names of shapes."""
    text = plain_text(head.replace(b'"', b""))
    if not _LINE.match(text):
        return 0.0
    has_names, has_samples = _NAMES.search(text), re.search(rb"(?m)^\s*k\s*,\s*-?\d", text)
    return 0.95 if has_names and has_samples else 0.7 if has_names or has_samples else 0.0


def read(data: bytes, path: Path, options: ReadOptions) -> Take:
    """Read the take from the file's bytes."""
    name = path.name
    text = plain_text(data.replace(b'"', b"")).replace(b"\r", b"")
    del data
    found = _NAMES.search(text)
    names = (
        [cell.strip().decode("utf-8", "replace") for cell in found.group(1).split(b",")]
        if found
        else []
    )
    names = names[:-1] if names and not names[-1] else names
    if not names:
        raise FacemocapError(f'"{name}" has no line of blend shape names (bs, ...)', _EXPORT_AGAIN)
    info = _info(text)
    cells, whole, warnings = _samples(text, len(names), name)
    del text, found
    there = ~cells.missing & whole[:, None]
    columns = schema_columns(names, cells.numbers[:, 10:], there[:, 10:])
    columns.warnings += warnings
    _add_pose(columns, cells.numbers[:, :10].astype(np.float64), there[:, :10])
    silent = drop_silent_angles(columns)
    say_unchanging(columns)
    clock = cell_numbers(cells.texts[1])
    rate_hz, named = options.rate_or(_NEAR_RATE)
    times = read_clock(clock, "time in ms", cells.lines, name, rate_hz=rate_hz, named=named)
    details: dict[str, object] = {"samples": len(clock)}
    del cells, there
    if info is not None:
        details["info"] = info
    source = TakeSource(name, FORMAT, details)
    return finished_take(columns, times, source, not_recorded=silent)


def _info(text: bytes) -> str | None:
    """What the recorder says of itself."""
    found = _INFO.search(text)
    return found.group(1).strip().decode("utf-8", "replace")[:200] if found else None


def _samples(text: bytes, weights: int, name: str) -> tuple[Cells, np.ndarray, list[str]]:
    """Cells of the sample lines, which of those are whole, and what is said of the others."""
    width = _BEFORE + weights
    check_size(name, count_sign(text, "\n") + 1, width)
    refuse_hollow(text, _LAYOUT, width, name)
    cells = read_cells(text, _LAYOUT, range(2, width), (0, 1))
    kept = cells.texts[0] == b"k"
    if not kept.any():
        raise FacemocapError(f'"{name}" has no samples (k, ...)', "Record the take again")
    strange = ~kept & ~np.isin(cells.texts[0], np.array([b"info", b"bs"]))
    # read_cells counts the lines from the header on, which this format has not
    lines = cells.lines - 1
    last = len(kept) - 1
    short = strange[last] or (kept[last] and cells.counts[last] < width)
    cut = not cells.ended and bool(short or is_last_cell_cut(text, _LAYOUT))
    first = int(np.argmax(kept))
    # samples usually follow each other to the end, and need not be copied then
    chosen = slice(first, None) if kept[first:].all() else kept
    cells = replace(
        cells,
        numbers=cells.numbers[chosen],
        missing=cells.missing[chosen],
        texts=tuple(texts[chosen] for texts in cells.texts),
        counts=cells.counts[chosen],
        lines=lines[chosen],
    )
    rows = len(cells.counts)
    if cut:
        raise FacemocapError(
            f'"{name}" is cut off in line {int(lines[last])}: {rows - int(kept[last])} samples '
            "are complete",
            "Export or copy it again, or delete its last line to use the rest",
        )
    warnings: list[str] = []
    if strange.any():
        number = int(strange.sum())
        if number > 0.1 * len(kept):
            line = int(lines[np.argmax(strange)])
            raise FacemocapError(f'"{name}" has a strange line {line}', _EXPORT_AGAIN)
        warnings.append(f"{number} {'line is' if number == 1 else 'lines are'} of no known kind.")
    uneven = cells.counts != width
    # a comma at the end of the line is no cell
    uneven &= ~(cells.counts == width + 1)
    if uneven.any():
        line, count = int(cells.lines[np.argmax(uneven)]), int(cells.counts[np.argmax(uneven)])
        if float(uneven.mean()) > 0.1:
            raise FacemocapError(
                f'"{name}" has {count - _BEFORE} weights in line {line} and {weights} names',
                _EXPORT_AGAIN,
            )
        warnings.append(
            f"{int(uneven.sum())} samples have another number of weights than there are names "
            f"(first in line {line}) and count as not tracked."
        )
    return cells, ~uneven, warnings


def _add_pose(columns: Columns, pose: np.ndarray, there: np.ndarray) -> None:
    """Head and eye angles and the head's place, their axes told by the eyes where these move."""
    eyes = np.radians(pose[:, 6:10]).reshape(-1, 2, 2)
    values = {n: v for n, v in columns.by_name().items() if n.startswith("eyeLook")}
    has_eyes = there[:, 6:10].all(axis=1) & columns.valid.any(axis=1)
    axes = find_eye_axes(eyes, has_eyes, values, _USUAL)
    columns.add([angle_channel(n, f"eye {n}") for n in EYE_ANGLES], axes.apply(eyes), has_eyes)
    columns.assumptions.append(axes.reason)
    signs = AxisSigns(axes.down, axes.left)
    has_head = there[:, 3:6].all(axis=1)
    angles = head_from_euler(np.radians(pose[:, 3:6]), signs)
    columns.add([angle_channel(n, f"head rotation {n[-1]}") for n in HEAD_ANGLES], angles, has_head)
    way = "left" if signs.left > 0 else "right"
    columns.assumptions.append(
        "Angles are degrees. The head turns about the eyes' axes, about z first, then x, then y: "
        f"positive x is chin {'down' if signs.down > 0 else 'up'}, positive y is to the "
        f"subject's {way}."
    )
    has_place = there[:, :3].all(axis=1)
    if not np.any(pose[has_place, :3]):
        return
    moved = float(np.ptp(pose[has_place, :3], axis=0).max())
    scale, unit = (1.0, "metres") if moved <= _MOST_M else (0.01, "centimetres")
    columns.add(
        position_channels(("head x", "head y", "head z")),
        head_position(pose[:, :3] * scale, signs),
        has_place,
    )
    columns.assumptions.append(f"The head's position is taken for {unit}: it moves by {moved:.3g}.")


READER = Reader(FORMAT, "Face Cap (.txt)", (".txt",), sniff, read)
