# SPDX-License-Identifier: GPL-3.0-or-later
"""Equal takes give equal bytes, wherever their numbers, and those in between, lie in memory.

What numpy computes can depend on that. Where numbers lie apart (a column of a table), numpy 1
rounds exp, log, arctan2 and their like now one way, now the other; nothing may rest on that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_gaze import gaze_take, known_gaze
from stack_takes import face_take, rough_take

from facemocap_addon.core.events.blinks.finding import find_blinks
from facemocap_addon.core.events.gaze.finding import find_gaze
from facemocap_addon.core.events.lips.finding import find_lip_contacts
from facemocap_addon.core.events.lips.phrases import find_phrases
from facemocap_addon.core.events.transitions.finding import find_transitions
from facemocap_addon.core.formats.head_pose import eye_from_matrices, head_from_matrices
from facemocap_addon.core.gaze.gaze_angles import gaze_vectors, to_eye_angles, to_gaze
from facemocap_addon.core.rotations import (
    EULER_ORDERS,
    to_axis_angle,
    to_euler,
    to_matrix,
    to_vector,
)
from facemocap_addon.core.stack.kind import Outcome, StepContext
from facemocap_addon.core.stack.kinds import kinds
from facemocap_addon.core.stack.params import params_from_json
from facemocap_addon.core.take import Take

#: Parameters under which kinds do as much as they can.
BUSY: dict[str, dict[str, Any]] = {
    "neutral": {"head": True},
    "range": {"gain": 1.3, "extremes": {"mouth": 1.0}},
    "time_offset": {"offset_s": 0.0123, "regions": {"eye": -0.03}},
    "time_warp": {"pairs": [[0.1, 0.2], [0.6, 0.65]]},
    "resample": {"rate_hz": 47.0},
    "blinks": {"softness": 0.5, "lag_s": 0.01},
    "gaze": {"micro_hz": 1.0, "head_scale": 0.7, "vergence": 1.2},
    "gaze_target": {
        "aims": [
            {"at_s": 0.5, "left": [4.0, -2.0], "right": [7.5, -2.0]},
            {"at_s": 9.0, "left": [-9.0, 3.0], "right": [-5.5, 3.0]},
        ]
    },
    "lips": {"sticky": 1.0, "press": 1.0},
}
FINDERS: dict[str, Callable[[Take], Any]] = {
    "blinks": find_blinks,
    "gaze": find_gaze,
    "lips": find_lip_contacts,
    "phrases": find_phrases,
    "transitions": find_transitions,
}
#: What numpy 1 rounds in two ways.
ROUNDED = (
    "tan", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "arcsin", "arccos", "arctan",
    "arctan2", "sinh", "cosh", "tanh", "cbrt", "power", "float_power",
)  # fmt: skip


def takes() -> dict[str, Take]:
    return {
        "face": face_take(60, 2.0),
        "rough": rough_take(1, 150),
        "gaze": gaze_take(known_gaze(60, 8.0), 0.1),
    }


TAKES = takes()


def jobs() -> dict[str, Callable[[Take], tuple[Any, ...]]]:
    out: dict[str, Callable[[Take], tuple[Any, ...]]] = {}
    for name, kind in kinds().items():
        params = params_from_json(kind.params, BUSY.get(name, {}))
        out[f"step {name}"] = partial(_step, kind.apply, params)
    for name, find in FINDERS.items():
        out[f"found {name}"] = partial(_found, find)
    return out


def _step(apply: Any, params: Any, take: Take) -> tuple[Any, ...]:
    done = apply(take, params, StepContext())
    outcome = done if isinstance(done, Outcome) else Outcome(done)
    arrays = (outcome.take.times, outcome.take.values, outcome.take.valid)
    return (*(each.tobytes() for each in arrays), outcome.remarks, dict(outcome.counts))


def _found(find: Callable[[Take], Any], take: Take) -> tuple[Any, ...]:
    # repr tells a float to its last bit
    found = find(take)
    if isinstance(found, tuple):
        return (repr(found),)
    return repr(found.saccades), repr(found.fixations), found.gaze_deg.tobytes()


def moved(array: np.ndarray, offset: int) -> np.ndarray:
    """A copy that lies so many bytes beyond a multiple of 64."""
    room = np.empty(array.nbytes + 128, np.uint8)
    start = -room.ctypes.data % 64 + offset
    out = room[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    out[...] = array
    assert out.ctypes.data % 64 == offset
    return out


def take_at(take: Take, offset: int) -> Take:
    valid = moved(take.valid.view(np.uint8), offset).view(np.bool_)
    return replace(
        take, times=moved(take.times, offset), values=moved(take.values, offset), valid=valid
    )


@pytest.mark.parametrize("name", jobs())
def test_same_bytes_wherever_a_take_lies(name: str) -> None:
    job = jobs()[name]
    rng = np.random.default_rng(0)
    for take in TAKES.values():
        first = job(take)
        for offset in range(0, 64, 8):
            # what is freed and what stays moves all that comes between
            junk = [np.zeros(int(size)) for size in rng.integers(1, 4000, 20)]
            del junk[::2]
            assert job(take_at(take, offset)) == first


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of functions that were given numbers that lie apart."""
    seen: list[str] = []

    def watch(name: str) -> None:
        function = getattr(np, name)

        def watched(*args: Any, **named: Any) -> Any:
            if any(isinstance(each, np.ndarray) and lies_apart(each) for each in args):
                seen.append(name)
            return function(*args, **named)

        monkeypatch.setattr(np, name, watched)

    for name in ROUNDED:
        watch(name)
    return seen


def lies_apart(array: np.ndarray) -> bool:
    """Whether no axis runs through neighbours."""
    steps = [s for s, n in zip(array.strides, array.shape, strict=True) if n > 1]
    return array.dtype.kind == "f" and bool(steps) and array.itemsize not in steps


def test_what_lies_apart_is_told() -> None:
    table = np.zeros((5, 3))
    assert lies_apart(table[:, 0])
    assert not lies_apart(table[0])
    assert not lies_apart(table.T)
    assert not lies_apart(np.ascontiguousarray(table[:, 0]))


@pytest.mark.parametrize("name", jobs())
def test_nothing_is_rounded_where_it_lies_apart(name: str, apart: list[str]) -> None:
    for take in TAKES.values():
        jobs()[name](take)
    assert apart == []


def test_turns_are_rounded_in_one_piece(apart: list[str]) -> None:
    rng = np.random.default_rng(2)
    turns = rng.normal(size=(40, 4))
    turns /= np.sqrt((turns * turns).sum(axis=1))[:, None]
    matrices = to_matrix(turns)
    gaze = rng.uniform(-0.5, 0.5, (40, 2))
    for order in EULER_ORDERS:
        to_euler(turns, order)
    to_axis_angle(turns)
    to_vector(turns)
    head_from_matrices(matrices)
    eye_from_matrices(matrices)
    gaze_vectors(gaze)
    to_gaze(matrices[:, :, 2])
    to_eye_angles(matrices[:, :, 2])
    assert apart == []


def test_the_sample_take_gives_the_same_events_again(repo: Path) -> None:
    from facemocap_addon.core.readers import read_take

    path = repo / "sample_rigs" / "sample_take.csv"
    first = read_take(path)
    found = {name: _found(find, first) for name, find in FINDERS.items()}
    junk = [np.zeros(size) for size in range(1, 4000, 37)]
    again = take_at(read_take(path), 24)
    assert len(junk) > 100
    assert {name: _found(find, again) for name, find in FINDERS.items()} == found
