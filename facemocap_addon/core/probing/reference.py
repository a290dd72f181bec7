# SPDX-License-Identifier: GPL-3.0-or-later
"""How the 52 channels move a face: descriptors of the sample head's shapes, and sums of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..channels import arkit_names
from ..resources import data_file
from ..rig_maps.rig_map import Source
from .descriptor import COLUMNS, EYES, INSIDE, LENGTH, NODES, ROWS

FILE = "channel_motions.json"
#: Descriptors are stored in thousandths.
UNIT = 1e-3
#: Share of the motion on one side from which a control belongs to it.
ONE_SIDED = 0.75
#: Middle channels that many characters split in two halves.
SPLIT = ("browInnerUp", "cheekPuff")


@dataclass(frozen=True)
class Candidate:
    """What a control may turn out to be: the channels behind it, its descriptor and side."""

    name: str
    sources: tuple[Source, ...]
    descriptor: FloatArray
    side: str


def to_document(motions: dict[str, FloatArray], covered: BoolArray) -> dict[str, Any]:
    """The data file's content: per channel its nodes that move and their displacements."""
    channels: dict[str, Any] = {}
    for name in arkit_names():
        whole = np.round(motions[name] / UNIT).astype(int)
        skin = whole[: 3 * NODES].reshape(-1, 3)
        nodes = np.flatnonzero(np.abs(skin).max(axis=1) > 0)
        channels[name] = {
            "nodes": nodes.tolist(),
            "moves": skin[nodes].ravel().tolist(),
            "eyes": whole[EYES].tolist(),
            "inside": whole[INSIDE].tolist(),
        }
    return {"covered": np.flatnonzero(covered).tolist(), "channels": channels}


@cache
def reference_motions() -> tuple[dict[str, FloatArray], BoolArray]:
    """Descriptor ``(LENGTH,)`` of each channel, and the parts that the sample head covers."""
    document = json.loads(data_file(FILE).read_text(encoding="utf-8"))
    motions: dict[str, FloatArray] = {}
    for name, entry in document["channels"].items():
        out = np.zeros(LENGTH)
        skin = out[: 3 * NODES].reshape(-1, 3)
        skin[entry["nodes"]] = np.reshape(entry["moves"], (-1, 3))
        out[EYES], out[INSIDE] = entry["eyes"], entry["inside"]
        out *= UNIT
        out.flags.writeable = False
        motions[name] = out
    covered = np.zeros(NODES, np.bool_)
    covered[document["covered"]] = True
    mask = np.ones(LENGTH, np.bool_)
    mask[: 3 * NODES] = np.repeat(covered, 3)
    return motions, mask


def side_of(descriptor: FloatArray) -> str:
    """``L``, ``R`` or ``C``: on which side of the face a descriptor's motion is."""
    left, right = side_energy(descriptor)
    if left + right == 0.0:
        return "C"
    share = left / (left + right)
    return "L" if share > ONE_SIDED else "R" if share < 1 - ONE_SIDED else "C"


def side_energy(descriptor: FloatArray) -> tuple[float, float]:
    """Sum of squares on the left and on the right side."""
    energy = (descriptor[: 3 * NODES].reshape(len(ROWS), len(COLUMNS), 3) ** 2).sum(axis=(0, 2))
    eyes = (descriptor[EYES].reshape(2, 3) ** 2).sum(axis=1)
    left = float(energy[COLUMNS > 0.05].sum() + eyes[0])
    right = float(energy[COLUMNS < -0.05].sum() + eyes[1])
    return left, right


@cache
def candidates() -> tuple[Candidate, ...]:
    """The 52 channels; both sides of a channel together; the halves of two middle ones."""
    motions, _ = reference_motions()
    out = [
        Candidate(name, (Source(name),), motion, side_of(motion))
        for name, motion in motions.items()
    ]
    for name in motions:
        partner = _other_eye(name)
        if partner in motions:
            both = motions[name] + motions[partner]
            sources = (Source(name, 0.5), Source(partner, 0.5))
            out.append(Candidate(f"{name} + {partner}", sources, both, side_of(both)))
    across = np.clip(COLUMNS / 0.4 + 0.5, 0.0, 1.0)
    for name in SPLIT:
        for side, share in (("L", across), ("R", 1.0 - across)):
            half = motions[name].copy()
            half[: 3 * NODES].reshape(len(ROWS), len(COLUMNS), 3)[:] *= share[None, :, None]
            half[INSIDE] *= 0.5
            out.append(Candidate(f"{name} ({side})", (Source(name),), half, side))
    return tuple(out)


def _other_eye(name: str) -> str:
    """What the other side does in the same motion: both eyes look the same way."""
    if not name.endswith("Left") or name in ("jawLeft", "mouthLeft"):
        return ""
    other = name.removesuffix("Left")
    if other.startswith("eyeLookIn"):
        other = "eyeLookOut"
    elif other.startswith("eyeLookOut"):
        other = "eyeLookIn"
    return f"{other}Right"
