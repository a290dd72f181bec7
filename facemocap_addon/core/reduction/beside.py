# SPDX-License-Identifier: GPL-3.0-or-later
"""Half of a long reduction in a second Python: numpy's many small steps do not run side by side.

The other Python computes the very same. Where it cannot be started, or anything goes wrong with it,
its half is done here: nothing but time is lost.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..arrays import BoolArray, FloatArray, IntArray
from ..curves import INTERPOLATION
from .keys import Keys

#: Fewer samples are not worth the start of a Python.
LEAST = 1 << 20
#: Set, nothing is started.
ALONE = "FACEMOCAP_ONE_PROCESS"
_PACKAGE = Path(__file__).resolve().parents[2]
_PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from {}.core.reduction import beside; {}"


@dataclass(frozen=True)
class Portion:
    """Curves that are worked on together; shapes as `reduce.reduce_curves` has them."""

    times: FloatArray
    values: FloatArray
    tolerance: FloatArray
    asked: BoolArray
    columns: IntArray
    begin: IntArray
    hold: int


Work = Callable[[Portion], list[Keys]]


def reduce_portions(portions: Sequence[Portion], work: Work) -> list[list[Keys]] | None:
    """Do every other portion in a second Python; None where that is not worth it."""
    samples = sum(portion.values.size for portion in portions)
    if len(portions) < 2 or samples < LEAST or not _can_start():
        return None
    process = _start(portions[1::2])
    try:
        own = [work(portion) for portion in portions[::2]]
    except BaseException:
        if process is not None:
            process.kill()
            process.communicate()
        raise
    others = _answer(process)
    if others is None:
        others = [work(portion) for portion in portions[1::2]]
    out: list[list[Keys]] = [[]] * len(portions)
    out[::2], out[1::2] = own, others
    return out


def main() -> None:
    """What the second Python does: portions from its input, their keys to its output."""
    from .reduce import work_on  # noqa: PLC0415 - that module needs this one

    portions = _unpacked(np.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False))
    sys.stdout.buffer.write(_packed_keys([work_on(portion) for portion in portions]))
    sys.stdout.buffer.flush()


def _can_start() -> bool:
    name = Path(sys.executable or "").name.lower()
    return (os.cpu_count() or 1) > 1 and name.startswith("python") and ALONE not in os.environ


def _start(portions: Sequence[Portion]) -> subprocess.Popen[bytes] | None:
    program = _PROGRAM.format(_PACKAGE.name, "beside.main()")
    try:
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", program, str(_PACKAGE.parent)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError:
        return None
    try:
        feed: IO[bytes] | None = process.stdin
        assert feed is not None, "it was asked for"
        # the other side reads all before it writes anything
        feed.write(_packed(portions))
        feed.close()
    except OSError:
        process.kill()
        process.communicate()
        return None
    return process


def _answer(process: subprocess.Popen[bytes] | None) -> list[list[Keys]] | None:
    if process is None:
        return None
    assert process.stdout is not None, "it was asked for"
    try:
        answer = process.stdout.read()
        process.stdout.close()
        if process.wait() != 0:
            return None
        return _unpacked_keys(np.load(io.BytesIO(answer), allow_pickle=False))
    except (OSError, ValueError, KeyError, EOFError):
        return None
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _packed(portions: Sequence[Portion]) -> bytes:
    table: dict[str, Any] = {"times": portions[0].times, "hold": portions[0].hold}
    for place, portion in enumerate(portions):
        first = portion.tolerance[:1]
        same = bool((portion.tolerance == first).all())
        table |= {
            # as float32 has them: that they are told by reduce_curves
            f"values {place}": portion.values.astype(np.float32),
            f"tolerance {place}": first if same else portion.tolerance,
            f"asked {place}": np.packbits(portion.asked),
            f"columns {place}": portion.columns,
            f"begin {place}": portion.begin,
        }
    return _saved(table)


def _unpacked(table: Any) -> list[Portion]:
    times = table["times"]
    out: list[Portion] = []
    while f"values {len(out)}" in table:
        place = len(out)
        values = table[f"values {place}"].astype(np.float64)
        asked = np.unpackbits(table[f"asked {place}"])[: values.size].reshape(values.shape)
        within = np.broadcast_to(table[f"tolerance {place}"], values.shape)
        out.append(
            Portion(
                times,
                values,
                within,
                asked.astype(np.bool_),
                table[f"columns {place}"],
                table[f"begin {place}"],
                int(table["hold"]),
            )
        )
    return out


_ARRAYS = ("frames", "values", "left", "right", "handle_types", "forced")


def _packed_keys(portions: Sequence[Sequence[Keys]]) -> bytes:
    every = [keys for portion in portions for keys in portion]
    table: dict[str, Any] = {
        "portions": np.array([len(portion) for portion in portions]),
        "counts": np.array([len(keys) for keys in every]),
        "samples": np.array([keys.samples for keys in every]),
        "errors": np.array([keys.largest_error for keys in every]),
    }
    table |= {name: np.concatenate([getattr(keys, name) for keys in every]) for name in _ARRAYS}
    return _saved(table)


def _unpacked_keys(table: Any) -> list[list[Keys]]:
    ends = np.cumsum(table["counts"])[:-1]
    parts = {name: np.split(table[name], ends) for name in _ARRAYS}
    every = [
        Keys(
            *(parts[name][place] for name in _ARRAYS[:5]),
            interpolation=INTERPOLATION["BEZIER"],
            forced=parts["forced"][place],
            samples=int(table["samples"][place]),
            largest_error=float(table["errors"][place]),
        )
        for place in range(len(table["counts"]))
    ]
    out: list[list[Keys]] = []
    for size in table["portions"].tolist():
        out.append(every[:size])
        every = every[size:]
    return out


def _saved(table: dict[str, Any]) -> bytes:
    held = io.BytesIO()
    np.savez(held, **table)
    return held.getvalue()
