# SPDX-License-Identifier: GPL-3.0-or-later
"""Example pairs beside linear regression and the nearest example: leave-one-out error and time.

An actor's face is made up: expressions are sums of a few coefficients of one part of the face each
(two parts may act at once), as a phone gives them. The character answers with what the rig map says
(every channel drives its own control) in another way than that: ranges of its own, cross-talk
between neighbours, bends, and combinations that need a control of their own. Eight examples in turn
are left out and told from the others. Errors are root mean squares over all controls, in parts of a
control's range; of five faces the median, in brackets the worst. Linear regression is that of
least norm; "map + linear" fits it to what the rig map leaves.

Seconds are for 1,000 frames of 44 channels to 44 controls.
"""

from __future__ import annotations

import time

import numpy as np

from facemocap_addon.core.actor.example_pairs import Example, ExampleLibrary
from facemocap_addon.core.actor.example_solving import ExampleMapping, channel_base, fit_examples
from facemocap_addon.core.channels import arkit_names, arkit_schema

from . import Measurement, time_in_turn

SIZES = (8, 16, 40)
FACES, LEFT_OUT = 5, 8
NAMES = tuple(n for n in arkit_names() if arkit_schema()[n].region != "gaze")
PARTS = (("brow",), ("eye",), ("nose", "cheek", "jaw", "mouth", "tongue"))


def measure() -> list[Measurement]:
    """Time and, in the notes, the errors; a table of them is printed."""
    print(
        f"\n{'examples':>8}  {'ours':>14}  {'linear':>14}  {'nearest':>14}  {'map + linear':>14}  "
        f"{'rig map alone':>14}"
    )
    notes: dict[int, str] = {}
    for number in SIZES:
        errors = np.array([_left_out(*_face(seed, number)) for seed in range(FACES)])
        middle, worst = np.median(errors, axis=0), errors.max(axis=0)
        cells = [f"{m:.3f} ({w:.3f})" for m, w in zip(middle, worst, strict=True)]
        print(f"{number:>8}  " + "  ".join(f"{cell:>14}" for cell in cells), flush=True)
        notes[number] = (
            f"left out: {middle[0]:.3f}; linear {middle[1]:.3f}, nearest {middle[2]:.3f}, "
            f"map + linear {middle[3]:.3f}, rig map alone {middle[4]:.3f}"
        )
    out: list[Measurement] = []
    for number in reversed(SIZES):
        offsets, poses = _face(0, number)
        began = time.perf_counter()
        mapping = _mapping(offsets, poses)
        learnt = time.perf_counter() - began
        frames = np.random.default_rng(1).uniform(0.0, 1.0, (1000, len(NAMES)))
        design = np.linalg.lstsq(offsets, poses, rcond=None)[0]
        jobs = {
            "ours": lambda m=mapping, f=frames: m.correction(f) + f,
            "linear": lambda d=design, f=frames: f @ d,
            "nearest": lambda o=offsets, p=poses, f=frames: _nearest(f, o, p),
        }
        for name, seconds in time_in_turn(jobs).items():
            note = f"learnt in {learnt:.2f} s; {notes[number]}" if name == "ours" else ""
            out.append(Measurement(f"{name}, {number} examples", seconds, note=note))
    return out


def _face(seed: int, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Captured frames (e, c) and the poses (e, c) of one actor and one character."""
    rng = np.random.default_rng(seed)
    regions = [arkit_schema()[name].region for name in NAMES]
    parts = [np.array([k for k, r in enumerate(regions) if r in part]) for part in PARTS]
    gains = rng.uniform(0.6, 1.5, len(NAMES))
    bends = rng.uniform(0.7, 1.5, len(NAMES))
    talk = np.zeros((len(NAMES),) * 2)
    for part in parts:
        own = rng.normal(0.0, 0.12, (len(part),) * 2) * (rng.random((len(part),) * 2) < 0.25)
        talk[np.ix_(part, part)] = own - np.diag(np.diag(own))
    mouth = parts[2]
    pairs = rng.choice(mouth, (6, 3))
    offsets = np.zeros((number, len(NAMES)))
    for row in offsets:
        for part in rng.choice(3, rng.integers(1, 3), replace=False, p=(0.25, 0.2, 0.55)):
            some = rng.choice(parts[part], rng.integers(2, 5), replace=False)
            row[some] = rng.uniform(0.2, 0.95, len(some))
    offsets += np.abs(rng.normal(0.0, 0.01, offsets.shape))
    bent = gains * offsets**bends
    poses = bent + bent @ talk
    for one, two, out in pairs:
        poses[:, out] += 0.5 * offsets[:, one] * offsets[:, two]
    return offsets, np.maximum(poses, 0.0)


def _mapping(offsets: np.ndarray, poses: np.ndarray) -> ExampleMapping:
    """The mapping of a library of channel values."""
    examples = tuple(
        Example(f"e{k}", dict(zip(NAMES, x, strict=True)), dict(zip(NAMES, y, strict=True)))
        for k, (x, y) in enumerate(zip(offsets.tolist(), poses.tolist(), strict=True))
    )
    return fit_examples(ExampleLibrary("actor", "character", examples), channel_base(NAMES))


def _left_out(offsets: np.ndarray, poses: np.ndarray) -> list[float]:
    """Errors of ours, linear, nearest, the rig map with linear regression on top, and alone."""
    squares = np.zeros(5)
    for out in range(LEFT_OUT):
        rest = np.arange(len(offsets)) != out
        frame, truth = offsets[out : out + 1], poses[out]
        mapping = _mapping(offsets[rest], poses[rest])
        design = np.linalg.lstsq(offsets[rest], poses[rest], rcond=None)[0]
        told = (
            frame + mapping.correction(frame),
            frame @ design,
            _nearest(frame, offsets[rest], poses[rest]),
            frame + frame @ np.linalg.lstsq(offsets[rest], (poses - offsets)[rest], rcond=None)[0],
            frame,
        )
        squares += [float(np.mean((each[0] - truth) ** 2)) for each in told]
    return np.sqrt(squares / LEFT_OUT).tolist()


def _nearest(frames: np.ndarray, offsets: np.ndarray, poses: np.ndarray) -> np.ndarray:
    """The pose of the example whose frame is nearest."""
    far = (frames**2).sum(1)[:, None] - 2.0 * frames @ offsets.T + (offsets**2).sum(1)
    return poses[far.argmin(axis=1)]
