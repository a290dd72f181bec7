# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in a C3D file: parameters and points, read as far as they make sense.

Nothing is taken for granted that a file in the wild has wrong. Counts stand in two or three
places; of those the one is believed whose data block ends where the file ends.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import BoolArray

BLOCK = 512
#: The byte that C3D files have in second place.
KEY = 0x50
INTEL, DEC, MIPS = 84, 85, 86
ENCODINGS = {INTEL: "Intel", DEC: "DEC", MIPS: "MIPS"}
_MOST_POINTS = 4096
_MOST_PARAMETERS = 4096
_SATURATED = 65_535


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: texts where its type is character, else numbers."""

    numbers: tuple[float, ...] = ()
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Numbers:
    """How a file stores numbers; places are counted in bytes from its beginning."""

    data: bytes
    processor: int

    @property
    def order(self) -> str:
        """Byte order, as numpy writes it."""
        return ">" if self.processor == MIPS else "<"

    def word(self, at: int) -> int:
        """The unsigned 16-bit integer at a place; 0 beyond the end."""
        pair = self.data[at : at + 2]
        return int.from_bytes(pair, "big" if self.order == ">" else "little")

    def floats(self, at: int, count: int) -> NDArray[np.float64]:
        """32-bit floats, as many as there are."""
        count = min(count, max(len(self.data) - at, 0) // 4)
        raw = np.frombuffer(self.data, np.uint8, count * 4, at if count else 0)
        return self.as_floats(raw.reshape(-1, 4)).astype(np.float64)

    def as_floats(self, raw: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Numbers ``(...)`` of bytes ``(..., 4)``."""
        if self.processor != DEC:
            return np.ascontiguousarray(raw).view(f"{self.order}f4")[..., 0]
        # VAX floats: the halves stand the other way about, and the exponent is 2 more
        halves = np.ascontiguousarray(raw).view("<u2")[..., ::-1]
        with np.errstate(over="ignore", invalid="ignore"):
            found: NDArray[np.float32] = np.ascontiguousarray(halves).view("<f4")[..., 0]
            return found * np.float32(0.25)

    def float(self, at: int) -> float:
        """The 32-bit float at a place; 0 beyond the end."""
        found = self.floats(at, 1)
        return float(found[0]) if len(found) else 0.0


@dataclass(frozen=True, slots=True)
class Header:
    """What the first block says, true or not."""

    points: int
    analog: int
    first: int
    last: int
    scale: float
    data_block: int
    analog_per_frame: int
    rate_hz: float

    @property
    def frames(self) -> int:
        """How many frames it says there are."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the points of a file are.

    Attributes
    ----------
    start : int
        Bytes before the first frame.
    points, analog, frames : int
        Points and analog numbers in a frame, and frames.
    real : bool
        Whether numbers are floats and not 16-bit integers.
    there : int
        Whole frames that the file has; fewer than ``frames`` where it is cut off.
    exact : bool
        Whether the last frame ends in the last block of the file.
    """

    start: int
    points: int
    analog: int
    frames: int
    real: bool
    there: int = 0
    exact: bool = False

    @property
    def frame_bytes(self) -> int:
        """Bytes of a frame."""
        return (4 * self.points + self.analog) * (4 if self.real else 2)


@dataclass(frozen=True, slots=True)
class C3D:
    """A file taken apart."""

    numbers: Numbers
    header: Header
    parameters: dict[tuple[str, str], Parameter]

    def number(self, group: str, name: str) -> float | None:
        """The first number of a parameter; None where there is none."""
        found = self.parameters.get((group, name))
        return found.numbers[0] if found and found.numbers else None

    def text(self, group: str, name: str) -> str:
        """The first text of a parameter; empty where there is none."""
        found = self.parameters.get((group, name))
        return found.texts[0] if found and found.texts else ""

    def texts(self, group: str, name: str) -> list[str]:
        """All texts of a parameter and its continuations (``LABELS2``, ``LABELS3``, ...)."""
        out: list[str] = []
        for number in range(1, 1000):
            found = self.parameters.get((group, f"{name}{number}" if number > 1 else name))
            if found is None:
                break
            out += found.texts
        return out


def parameter_offset(data: bytes) -> int:
    """Bytes before the parameters, by the first byte of a file."""
    return (max(data[0], 1) - 1 or 1) * BLOCK


def open_c3d(data: bytes) -> C3D:
    """Header and parameters of a file of at least one block."""
    start = parameter_offset(data)
    processor = data[start + 3] if start + 3 < len(data) else 0
    if processor not in ENCODINGS:
        processor = _likely_processor(data)
    numbers = Numbers(data, processor)
    header = _header(numbers)
    blocks = data[start + 2] if start + 2 < len(data) else 0
    end = (header.data_block - 1) * BLOCK
    if not start < end <= len(data):
        end = min(start + blocks * BLOCK if blocks else len(data), len(data))
    return C3D(numbers, header, dict(_parameters(numbers, start + 4, end)))


def _header(numbers: Numbers) -> Header:
    word = numbers.word
    return Header(
        points=word(2), analog=word(4), first=word(6), last=word(8), scale=numbers.float(12),
        data_block=word(16), analog_per_frame=word(18), rate_hz=numbers.float(20),
    )  # fmt: skip


def _likely_processor(data: bytes) -> int:
    """The encoding in which a header makes most sense."""

    def sense(processor: int) -> int:
        header = _header(Numbers(data, processor))
        return (
            (1 <= header.points <= _MOST_POINTS)
            + (0 < header.first <= header.last)
            + (2 <= header.data_block <= len(data) // BLOCK + 1)
            + (1 <= header.rate_hz <= 10_000)
        )

    return max(ENCODINGS, key=sense)


def _parameters(numbers: Numbers, at: int, end: int) -> Iterator[tuple[tuple[str, str], Parameter]]:
    """Parameters by the names of their group and their own, the first definition last.

    The walk ends where names make no sense any more.
    """
    data = numbers.data
    groups: dict[int, str] = {}
    found: list[tuple[int, str, Parameter]] = []
    for _ in range(_MOST_PARAMETERS):
        if at + 4 > end:
            break
        length, group = abs(int.from_bytes(data[at : at + 1], "little", signed=True)), data[at + 1]
        name = data[at + 2 : at + 2 + length].strip()
        if not (length and group and name.isascii() and name.decode("ascii").isprintable()):
            break
        key = name.decode("ascii").upper()
        after = at + 2 + length
        if group > 127:
            groups.setdefault(256 - group, key)
        else:
            found.append((group, key, _parameter(numbers, after + 2, end)))
        step = numbers.word(after)
        if step == 0:
            break
        at = after + step
    for group, key, parameter in reversed(found):
        yield (groups.get(group, ""), key), parameter


def _parameter(numbers: Numbers, at: int, end: int) -> Parameter:
    """The parameter whose type stands at a place; what lies beyond ``end`` is not read."""
    data = numbers.data
    if at + 2 > end:
        return Parameter()
    kind, dimensions = data[at], data[at + 1]
    if dimensions > 7:
        return Parameter()
    sizes = list(data[at + 2 : at + 2 + dimensions])
    at += 2 + dimensions
    count = min(math.prod(sizes), max(end - at, 0))
    if kind == 255:
        width = sizes[0] if sizes else 1
        raw = data[at : at + count]
        pieces = [raw[k : k + width] for k in range(0, len(raw), width)] if width else []
        return Parameter(texts=tuple(_text(piece) for piece in pieces))
    if kind == 4:
        count = min(count, max(end - at, 0) // 4)
        return Parameter(tuple(numbers.floats(at, count).tolist()))
    if kind == 2:
        return Parameter(tuple(float(numbers.word(at + 2 * k)) for k in range(count)))
    return Parameter(tuple(float(byte) for byte in data[at : at + count]))


def _text(raw: bytes) -> str:
    raw = raw.partition(b"\0")[0]
    try:
        return raw.decode("utf-8").strip()
    except UnicodeDecodeError:
        return raw.decode("latin-1").strip()


def find_layout(c3d: C3D) -> Layout | None:
    """The layout that fits the file; None where no count of points or frames makes sense."""
    header, size = c3d.header, len(c3d.numbers.data)
    usual: Layout | None = None
    for number, (start, points, analog, frames, real) in enumerate(_layouts(c3d)):
        layout = Layout(start, points, analog, frames, real)
        if not (0 < points <= _MOST_POINTS and 0 < start <= size):
            continue
        there = max(size - start, 0) // layout.frame_bytes
        full = frames >= _SATURATED and frames == header.frames
        count = max(there, frames) if full else frames
        rest = size - start - count * layout.frame_bytes
        exact = count > 0 and 0 <= rest < BLOCK
        layout = Layout(start, points, analog, count, real, there, exact)
        if exact:
            return layout
        if usual is None and count > 0 and (number == 0 or there >= count):
            usual = layout
    return usual


def _layouts(c3d: C3D) -> Iterator[tuple[int, int, int, int, bool]]:
    """All that the file says of start, points, analog numbers and frames, the likeliest first."""
    header = c3d.header
    start = c3d.number("POINT", "DATA_START")
    starts = [header.data_block, int(start) if start and math.isfinite(start) else 0]
    used = c3d.number("POINT", "USED")
    points = [header.points, int(used) if used and math.isfinite(used) else 0]
    scale = c3d.number("POINT", "SCALE")
    real = header.scale < 0
    reals = [real] if scale is None or (scale < 0) == real else [real, not real]
    for each in product(
        reals,
        _unlike(points),
        [(block - 1) * BLOCK for block in _unlike(starts)],
        _unlike([header.analog, *_analog_counts(c3d)]),
        _unlike(_frame_counts(c3d)),
    ):
        real, each_points, each_start, analog, frames = each
        yield each_start, each_points, analog, frames, real


def _analog_counts(c3d: C3D) -> list[int]:
    """Analog numbers a frame, by the parameters."""
    used = c3d.number("ANALOG", "USED")
    rate, frame_rate = c3d.number("ANALOG", "RATE"), c3d.number("POINT", "RATE")
    if not used or not math.isfinite(used):
        return [0]
    counts = [int(used) * c3d.header.analog_per_frame]
    if rate and frame_rate and math.isfinite(rate / frame_rate) and 0 < rate / frame_rate < 1e4:
        counts.append(int(used) * round(rate / frame_rate))
    return counts


def _frame_counts(c3d: C3D) -> list[int]:
    """Frames, by the parameters for long takes, the header, and the one for short takes."""
    counts: list[int] = []
    ends = [
        c3d.parameters.get(("TRIAL", f"ACTUAL_{name}_FIELD"), Parameter()).numbers
        for name in ("START", "END")
    ]
    if all(len(each) >= 2 and all(0 <= word < 65_536 for word in each[:2]) for each in ends):
        first, last = (int(each[0]) + 65_536 * int(each[1]) for each in ends)
        counts.append(last - first + 1)
    long = c3d.number("POINT", "LONG_FRAMES")
    counts += [int(long)] if long and math.isfinite(long) else []
    counts.append(c3d.header.frames)
    short = c3d.number("POINT", "FRAMES")
    counts += [int(short)] if short and math.isfinite(short) else []
    return counts


def _unlike(counts: list[int]) -> list[int]:
    """Counts that are none of those before; the first one stays whatever it is."""
    return [
        count
        for k, count in enumerate(counts)
        if count not in counts[:k] and (k == 0 or 0 <= count < 1 << 40)
    ]


def read_points(c3d: C3D, layout: Layout) -> tuple[NDArray[Any], BoolArray]:
    """Places ``(n, p, 3)`` as the file has them, and which were seen ``(n, p)``.

    Of floats and integers that the machine can read where they lie, a view of the file.
    """
    numbers = c3d.numbers
    shape = (min(layout.frames, layout.there), layout.points, 4)
    size = 4 if layout.real else 2
    strides = (layout.frame_bytes, 4 * size, size)
    if layout.real and numbers.processor == DEC:
        raw: NDArray[Any] = np.ndarray(
            (*shape, 4), np.uint8, numbers.data, layout.start, (*strides, 1)
        )
        found: NDArray[Any] = numbers.as_floats(raw)
    else:
        kind = f"{numbers.order}{'f4' if layout.real else 'i2'}"
        found = np.ndarray(shape, kind, numbers.data, layout.start, strides)
    # the fourth number is the error of the place; below nought where the point was not seen
    with np.errstate(invalid="ignore"):
        return found[..., :3], found[..., 3] >= 0
