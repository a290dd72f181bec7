# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of face trackers with hundreds of columns: the rows of one person, by column name."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..channels import Channel
from ..errors import FacemocapError
from ..points import SPACE
from .coefficient_takes import Columns, check_size
from .cut_rows import count_sign, refuse_hollow
from .delimited import Layout, cell_numbers, find_layout, plain_text, read_cells
from .landmarks68 import landmark_channels
from .read_options import ReadOptions
from .table_takes import Table, is_zero, one_face, whole_rows

#: Trust below which a row without a flag counts as lost.
_TRUSTED = 0.7
_SHOWN = 4


@dataclass
class TrackerRows:
    """Rows of one person.

    Attributes
    ----------
    name : str
        The file's name.
    places : dict of str to int
        Columns that were read, by the names in the header.
    numbers : (n, k) float32
    there : (n, k) bool
        False for cells without a number, and throughout rows that are not whole.
    words : dict of str to (n,) bytes
        Columns asked for as text.
    lines : (n,) int
    rows : int
        Of all people.
    faces : dict of str to int
        Rows of each person, where there are several.
    chosen : (n,) int
        Which of all rows these are.
    warnings : list of str
    unread : list of str
        Columns that nobody asked for.
    """

    name: str
    places: dict[str, int]
    numbers: FloatArray
    there: BoolArray
    words: dict[str, np.ndarray]
    lines: IntArray
    rows: int
    faces: dict[str, int]
    chosen: IntArray
    warnings: list[str] = field(default_factory=list[str])
    unread: list[str] = field(default_factory=list[str])

    def has(self, *names: str) -> bool:
        """Whether all these columns hold a number somewhere."""
        return all(n in self.places and self.there[:, self.places[n]].any() for n in names)

    def values(self, names: Sequence[str]) -> FloatArray:
        """Numbers ``(n, len(names))``, which mean nothing where not `valid`."""
        return self.numbers[:, [self.places[name] for name in names]]

    def valid(self, names: Sequence[str]) -> BoolArray:
        """Which of them are there ``(n, len(names))``."""
        return self.there[:, [self.places[name] for name in names]]

    def whole(self, names: Sequence[str]) -> BoolArray:
        """Rows ``(n,)`` in which all of them are there."""
        return np.asarray(self.valid(names).all(axis=1), np.bool_)

    def clock(self, name: str) -> FloatArray | None:
        """A column of `words` as float64 ``(n,)``, NaN where missing; None where there is none."""
        if name not in self.words:
            return None
        out = cell_numbers(self.words[name])
        return out if np.isfinite(out).any() else None


@dataclass(frozen=True, slots=True)
class TrackerFormat:
    """What a tracker's tables are like.

    Attributes
    ----------
    again : str
        What to do about a damaged file.
    is_wanted : callable (name: str) -> bool
        Columns to read as numbers.
    faces : tuple of str
        Columns that may say whose row it is; the first that is there counts. Without one, all rows
        are one person's.
    words : tuple of str
        Columns wanted as text where they are there: flags and clocks.
    frame : str
        Column of frame numbers: people who are never in one frame may be one.
    in_frames : bool
        Whether rows of one frame that follow each other are people, where no column names them.
    mend : callable (Layout, text) -> Layout, or None
        Puts right a header that does not fit the rows.
    """

    again: str
    is_wanted: Callable[[str], bool]
    faces: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    frame: str = "frame"
    in_frames: bool = False
    mend: Callable[[Layout, bytes, str], Layout] | None = None


def read_rows(data: bytes, path: Path, options: ReadOptions, kind: TrackerFormat) -> TrackerRows:
    """The rows of the person that the options name.

    Raises
    ------
    FacemocapError
        When the table is cut off or ragged, or does not hold the person.
    """
    name = path.name
    try:
        text = plain_text(data)
    except csv.Error as problem:
        raise FacemocapError(f'"{name}" has a damaged cell: {problem}', kind.again) from problem
    layout = find_layout(text)
    if kind.mend is not None:
        layout = kind.mend(layout, text, name)
    header = layout.header
    firsts = {cell: column for column, cell in reversed([*enumerate(header)])}
    columns = sorted(column for cell, column in firsts.items() if cell and kind.is_wanted(cell))
    if not columns:
        raise FacemocapError(
            f'"{name}" has a damaged header: no column is a tracker\'s', kind.again
        )
    who = next((cell for cell in kind.faces if cell in firsts), None)
    texts = [
        cell for cell in dict.fromkeys([*kind.words, *([who] if who else [])]) if cell in firsts
    ]
    check_size(name, count_sign(text, "\n"), len(columns))
    refuse_hollow(text, layout, len(columns), name)
    cells = read_cells(text, layout, columns, [firsts[cell] for cell in texts])
    rows = len(cells.counts)
    if rows == 0:
        raise FacemocapError(f'"{name}" has a header and no rows', "Record the take again")
    table = Table(text, layout, (), None, None, tuple(columns), ())
    whole, warnings = whole_rows(cells, table, name)
    found = dict(zip(texts, cells.texts, strict=True))
    frames = cell_numbers(found[kind.frame]) if kind.frame in found else None
    if who:
        ids = found[who]
    elif kind.in_frames and frames is not None:
        ids = _places_in_frames(frames)
    else:
        ids = np.full(rows, b"0")
    chosen, faces, told = one_face(ids, options, name)
    if faces and frames is not None and len(np.unique(frames)) == rows:
        # trackers give who comes back into the picture another number
        told.append(
            "No two of its people are ever in one frame: they may be one person whose number "
            "changed when the face was lost."
        )
    strange = int(cells.unreadable_counts.sum())
    if strange:
        line, shown = min(cells.unreadable.values())
        warnings.append(
            f"{strange} {'cell holds' if strange == 1 else 'cells hold'} no number "
            f'(first in line {line}: "{shown}") and count as not tracked.'
        )
    numbers, there = cells.numbers, ~cells.missing & whole[:, None]
    if len(chosen) < rows:
        numbers, there = numbers[chosen], there[chosen]
    known = {*texts, *(header[column] for column in columns)}
    return TrackerRows(
        name,
        {header[column]: place for place, column in enumerate(columns)},
        numbers,
        there,
        {cell: column[chosen] for cell, column in found.items()},
        cells.lines[chosen],
        rows,
        faces,
        chosen,
        [*warnings, *told],
        [cell for cell in dict.fromkeys(header) if cell and cell not in known],
    )


def _places_in_frames(frames: FloatArray) -> np.ndarray:
    """Which row of its frame each row is, as a text; all the first where frames never change."""
    begins = np.concatenate(([True], np.diff(np.nan_to_num(frames, nan=-1.0)) != 0))
    if begins.sum() < 2:
        return np.full(len(frames), b"0")
    place = np.arange(len(frames)) - np.flatnonzero(begins)[np.cumsum(begins) - 1]
    return np.array([b"%d" % each for each in place.tolist()])


def lose_rows(rows: TrackerRows, flag: str, trust: str) -> list[str]:
    """Mark all of a row as missing, in place, where the tracker lost the face; what is said of it.

    A flag column holds 0 or False where it did. Without one, a row that it trusts little is lost.

    Raises
    ------
    FacemocapError
        When it lost the face in all rows.
    """
    said: list[str] = []
    confidence = rows.clock(trust)
    if flag in rows.words and (rows.words[flag] != b"").any():
        lost = is_zero(rows.words[flag])
    elif confidence is None:
        return said
    else:
        lost = np.nan_to_num(confidence, nan=1.0) < _TRUSTED
        if lost.any():
            below = f'Samples with a "{trust}" below {_TRUSTED:g}'
            said.append(f"{below} are taken for lost: no column says so.")
    if lost.all():
        raise FacemocapError(
            f'"{rows.name}" has no face in any of its {len(lost)} samples',
            "Record again with the face in view",
        )
    rows.there[lost] = False
    return said


def need_channels(columns: Columns, rows: TrackerRows, todo: str) -> None:
    """Refuse a table of which nothing could be read.

    Raises
    ------
    FacemocapError
    """
    if not columns.channels:
        raise FacemocapError(
            f'"{rows.name}" holds neither action units nor landmarks nor turns of a head', todo
        )


def trust_of(rows: TrackerRows, trust: str, channels: int) -> FloatArray | None:
    """The tracker's confidence for every channel ``(n, channels)``, None where it gives none."""
    confidence = rows.clock(trust)
    if confidence is None:
        return None
    held = np.clip(np.nan_to_num(confidence), 0.0, 1.0).astype(np.float32)
    return np.repeat(held[:, None], channels, axis=1)


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Where a table has landmarks.

    Attributes
    ----------
    names : sequence of tuple of str, (k, d)
        The columns of each one's coordinates.
    kind : str
        `SPACE` or `PICTURE`.
    scale : tuple of float
        Factor of each coordinate.
    numbers : sequence of int, length k
        Theirs among the 68; counted where not given.
    """

    names: Sequence[tuple[str, ...]]
    kind: str
    scale: tuple[float, ...] = ()
    numbers: Sequence[int] = ()


def add_landmarks(columns: Columns, rows: TrackerRows, *groups: Landmarks) -> None:
    """Add the landmarks that are there; all at once, for there are hundreds of columns."""
    channels: list[Channel] = []
    names: list[str] = []
    factors: list[float] = []
    for group in groups:
        numbers = [*(group.numbers or range(len(group.names)))]
        there = [place for place, each in enumerate(group.names) if rows.has(*each)]
        own = [name for place in there for name in group.names[place]]
        channels += landmark_channels([numbers[place] for place in there], group.kind, own)
        axes = 3 if group.kind == SPACE else 2
        factors += (group.scale or (1.0,) * axes) * len(there)
        names += own
    if not names:
        return
    values, valid = rows.values(names), rows.valid(names)
    values *= np.asarray(factors, np.float32)
    if not valid.all():
        # a point with one coordinate missing is no point
        ends = [k for k, channel in enumerate(channels) if channel.name.endswith(".x")]
        whole = np.logical_and.reduceat(valid, ends, axis=1)
        valid = np.repeat(whole, np.diff([*ends, len(channels)]), axis=1)
    columns.add(channels, values, valid)


def say_unread(columns: Columns, unread: Sequence[str]) -> None:
    """Name columns that were not read."""
    if unread:
        more = f" and {len(unread) - _SHOWN} more" if len(unread) > _SHOWN else ""
        columns.warnings.append(f"Not read: {', '.join(unread[:_SHOWN])}{more}.")


def empty_columns(rows: TrackerRows) -> Columns:
    """No columns yet, of as many samples as there are rows."""
    number = len(rows.lines)
    return Columns([], np.zeros((number, 0), np.float32), np.zeros((number, 0), np.bool_))
