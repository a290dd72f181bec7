# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of MikuMikuDance motions: face morphs at every frame, and what they are in ARKit's terms.

Morphs with ARKit names are ARKit's channels. Others keep their names, and those that the naming
convention ``mmd`` knows are added to ARKit's channels too (`convention_looks`).
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ..channels import Channel, arkit_names, arkit_schema
from ..errors import FacemocapError
from ..formats.coefficient_takes import Columns, check_size, finished_take, schema_columns
from ..formats.sample_times import SampleTimes
from ..formats.vmd_file import MAGIC, RATE_HZ, Morph, Motion, read_motion
from ..rig_maps.convention_looks import add_looks, looks_of
from ..rig_maps.conventions import Convention, conventions
from ..take import Take, TakeSource
from . import Reader, ReadOptions

FORMAT = "vmd_motion"
#: Two hours; a single key beyond them is damage, and would ask for gigabytes.
_MOST_FRAMES = 2 * 3600 * RATE_HZ
_MOST_VALUES = 50_000_000
_SHOWN = 6
#: Neck, head, both eyes and each: their keys are counted and not read.
_FACE_BONES = ("首", "頭", "両目", "左目", "右目")
#: Morphs that the convention leaves at rest, and the ones that together look like them.
_STAND_FOR = {"笑い": ("ウィンク", "ウィンク右"), "にっこり": ("にやり",), "にこり": ("上",)}


def sniff(head: bytes) -> float:
    """The magic of both versions."""
    return 1.0 if head.startswith(MAGIC) else 0.0


def read(data: bytes, path: Path, _options: ReadOptions) -> Take:
    """Read the take from the file's bytes."""
    name = path.name
    motion = read_motion(data, name)
    if not motion.morphs:
        others = ", ".join(f"{count} {what} keys" for what, count in _others(motion).items())
        raise FacemocapError(
            f'"{name}" has no keys of face morphs{f": it holds {others}" if others else ""}',
            "Export the facial motion too",
        )
    last = max(int(morph.frames[-1]) for morph in motion.morphs)
    samples = last + 1
    check_size(name, 1, len(motion.morphs))
    if samples > _MOST_FRAMES or samples * len(motion.morphs) > _MOST_VALUES:
        raise FacemocapError(
            f'"{name}" has a key on frame {last}, which is {last / RATE_HZ / 3600:.1f} hours',
            "Check that it is the motion, or export it again",
        )
    columns = _columns(motion.morphs, samples)
    columns.assumptions.insert(0, "MikuMikuDance counts 30 frames a second, whatever plays it.")
    columns.warnings += _doubts(motion)
    _add_arkit(columns)
    step = 1 / RATE_HZ
    clock = SampleTimes(np.arange(samples) / RATE_HZ, np.arange(samples), step, Fraction(RATE_HZ))
    details: dict[str, Any] = {
        "model": motion.model,
        "morphs": len(motion.morphs),
        "morph_keys": motion.keys,
        "bones": len(motion.bones),
        "face_bones": {bone: n for bone, n in motion.bones.items() if bone in _FACE_BONES},
        **{f"{what}_keys": count for what, count in _others(motion).items()},
    }
    return finished_take(columns, clock, TakeSource(name, FORMAT, details), still=True)


def _others(motion: Motion) -> dict[str, int]:
    """What the motion moves besides the face; nothing where it has no keys."""
    counts = {"bone": sum(motion.bones.values()), **motion.later}
    return {what: count for what, count in counts.items() if count}


def _columns(morphs: tuple[Morph, ...], samples: int) -> Columns:
    """Weights at every frame: straight between keys, held before the first and after the last."""
    frames = np.arange(samples, dtype=np.float64)
    values = np.zeros((samples, len(morphs)), np.float32)
    for place, morph in enumerate(morphs):
        weights = np.clip(morph.weights, -3e38, 3e38)
        values[:, place] = np.interp(frames, morph.frames.astype(np.float64), weights)
    names = [morph.name for morph in morphs]
    return schema_columns(names, values, np.ones(values.shape, np.bool_))


def _doubts(motion: Motion) -> list[str]:
    out: list[str] = []
    doubled = [morph for morph in motion.morphs if morph.doubled]
    if doubled:
        shown = ", ".join(morph.name for morph in doubled[:_SHOWN])
        more = f" and {len(doubled) - _SHOWN} more" if len(doubled) > _SHOWN else ""
        out.append(
            f"{sum(morph.doubled for morph in doubled)} keys stand on the frame of another one "
            f"and the last counts ({shown}{more}): names are cut to 15 bytes, so two morphs may "
            "have become one."
        )
    if motion.unsound:
        out.append(f"{motion.unsound} keys have a weight that is no number and were left out.")
    return out


def _add_arkit(columns: Columns) -> None:
    """Add to ARKit's channels what the other morphs look like in them."""
    convention = next(each for each in conventions() if each.name == "mmd")
    arkit = arkit_names()
    others = [name for name in columns.names if name not in arkit]
    weights, looks, known = _known(columns, others, convention)
    if not weights:
        return
    own = {name: values for name, values in columns.by_name().items() if name in arkit}
    found = add_looks(weights, looks, own)
    new: list[Channel] = []
    names = columns.names
    for channel, values in found.items():
        if channel in own:
            columns.values[:, names.index(channel)] = values
        else:
            new.append(arkit_schema()[channel])
    if new:
        values = np.stack([found[channel.name] for channel in new], axis=1)
        columns.add(new, values.astype(np.float32), np.ones(len(values), np.bool_))
    columns.assumptions.append(
        f"{known} morphs ({', '.join(list(weights)[:_SHOWN])}"
        f"{' ...' if known > _SHOWN else ''}) were added to {len(found)} ARKit channels by what "
        "they look like; sums end at 0 and 1."
    )


def _known(
    columns: Columns, names: list[str], convention: Convention
) -> tuple[dict[str, np.ndarray], dict[str, dict[str, float]], int]:
    """Weights and looks of the morphs that mean something, by their names in the file."""
    table = looks_of(convention)
    arkit = arkit_schema()
    for morph, alike in _STAND_FOR.items():
        together: dict[str, float] = {}
        for each in alike:
            together |= table[each]
        table[morph] = together
    values = columns.by_name()
    looks: dict[str, dict[str, float]] = {}
    for name, (target, _) in convention.recognise(names).items():
        if target in table:
            looks[name] = table[target]
    for name in names:
        # a shape of both sides at once: "eyeBlink"
        both = [f"{name}Left", f"{name}Right"]
        if name not in looks and all(side in arkit for side in both):
            looks[name] = dict.fromkeys(both, 1.0)
    return {name: values[name] for name in looks}, looks, len(looks)


READER = Reader(FORMAT, "MikuMikuDance motion (.vmd)", (".vmd",), sniff, read)
