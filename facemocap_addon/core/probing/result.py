# SPDX-License-Identifier: GPL-3.0-or-later
"""The outcome of probing: signatures, what each control was recognised as, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import BoolArray
from ..controls import BONE, PROPERTY, SHAPE_KEY, Control, ControlKey, Vector
from ..errors import FacemocapError
from ..rig_maps.rig_map import RigMap, RigMapEntry, Source, rig_map_from_json
from .bone_recognition import Share, recognise_bones
from .descriptor import EYES, make_describer
from .face_frame import FaceFrame, find_frame
from .recognition import TURNS_EYE, Match, make_atoms, recognise
from .scan import Scan
from .signatures import (
    Signature,
    control_from_json,
    control_to_json,
    find_duplicates,
    find_wrong_sides,
    sign_motion,
    vector_from_json,
)
from .whereabouts import REACH

#: Room beyond the measured amounts that a bone is left.
ROOM = 1.1


@dataclass(frozen=True)
class ProbeResult:
    """What probing found out about a character; plain data.

    Attributes
    ----------
    signatures : tuple of Signature
    entries : tuple of RigMapEntry
        What the controls are driven by, ``how`` being ``probe``.
    confidences : mapping of (str, ControlKey) to float
        How sure a control's channel is, by both.
    empty : tuple of ControlKey
        Shape keys without any difference.
    dead : tuple of ControlKey
        Controls that move nothing though they should: properties, and bones within the face.
    duplicates : tuple of (ControlKey, ControlKey)
        A control and an earlier one that does the same.
    wrong_sides : tuple of (ControlKey, str)
        Left/right mistakes, each as a clause.
    eye_distance_m : float
    front, up : Vector
        Directions of the face in the axes of the armature (or of the largest mesh).
    found_eyes : bool
        Whether eyeballs were found; without them everything is less sure.
    """

    signatures: tuple[Signature, ...]
    entries: tuple[RigMapEntry, ...]
    confidences: Mapping[tuple[str, ControlKey], float]
    empty: tuple[ControlKey, ...]
    dead: tuple[ControlKey, ...]
    duplicates: tuple[tuple[ControlKey, ControlKey], ...]
    wrong_sides: tuple[tuple[ControlKey, str], ...]
    eye_distance_m: float
    front: Vector
    up: Vector
    found_eyes: bool

    @property
    def channels(self) -> tuple[str, ...]:
        """Channels that some control was recognised as, each once."""
        return tuple(dict.fromkeys(s.channel for e in self.entries for s in e.sources))

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON document; `from_json` makes an equal result of them.

        An object's name stands only as a control's ``owner``.
        """
        return {
            "signatures": [signature.to_json() for signature in self.signatures],
            "entries": [entry.to_json() for entry in self.entries],
            "confidences": [
                {"channel": channel, "control": control_to_json(key), "confidence": float(sure)}
                for (channel, key), sure in self.confidences.items()
            ],
            "empty": [control_to_json(key) for key in self.empty],
            "dead": [control_to_json(key) for key in self.dead],
            "duplicates": [[control_to_json(key) for key in pair] for pair in self.duplicates],
            "wrong_sides": [
                {"control": control_to_json(key), "clause": clause}
                for key, clause in self.wrong_sides
            ],
            "eye_distance_m": float(self.eye_distance_m),
            "front": [float(number) for number in self.front],
            "up": [float(number) for number in self.up],
            "found_eyes": bool(self.found_eyes),
        }

    @classmethod
    def from_json(cls, data: Any) -> ProbeResult:
        """The result that `to_json` wrote.

        Raises
        ------
        KeyError, TypeError, ValueError
            When a part is missing or does not fit.
        """
        try:
            # one way of reading entries: a rig map's
            rig_map = rig_map_from_json(
                RigMap("", ()).to_json() | {"entries": data["entries"]}, "measurement"
            )
        except FacemocapError as problem:
            raise ValueError(problem.what) from problem
        return cls(
            signatures=tuple(Signature.from_json(item) for item in data["signatures"]),
            entries=rig_map.entries,
            confidences={
                (str(item["channel"]), control_from_json(item["control"])): float(
                    item["confidence"]
                )
                for item in data["confidences"]
            },
            empty=tuple(control_from_json(item) for item in data["empty"]),
            dead=tuple(control_from_json(item) for item in data["dead"]),
            duplicates=tuple(
                (control_from_json(later), control_from_json(first))
                for later, first in data["duplicates"]
            ),
            wrong_sides=tuple(
                (control_from_json(item["control"]), str(item["clause"]))
                for item in data["wrong_sides"]
            ),
            eye_distance_m=float(data["eye_distance_m"]),
            front=vector_from_json(data["front"]),
            up=vector_from_json(data["up"]),
            found_eyes=bool(data["found_eyes"]),
        )


def understand(scan: Scan) -> ProbeResult:
    """Everything that a scan tells.

    Controls with drivers of their own get a signature and no entry: they cannot be keyed.
    """
    frame = find_frame(scan)
    describer = make_describer(scan, frame)
    named = [m for m in scan.motions if m.control.kind in (SHAPE_KEY, PROPERTY)]
    atoms = make_atoms(named, describer)
    free = [a for a in atoms if not any(m.control.driven_by for m in a.motions)]
    duplicates = find_duplicates([a for a in atoms if a.sign > 0])
    again = {later for later, _ in duplicates}
    # of two that do the same one is enough
    free = [a for a in free if a.motions[0].control.key not in again]
    matches = recognise(free, describer, _mesh_rows(scan))
    expressed = {source.channel for match in matches for source in match.candidate.sources}
    shares = recognise_bones(scan, describer, expressed, _turning_eyes(matches))
    entries = [*_named_entries(matches), *_bone_entries(shares)]
    confidences = {
        (source.channel, entry.control): entry.confidence
        for entry in entries
        for source in entry.sources
    }
    confidences |= {(share.channel, share.control.key): share.confidence for share in shares}
    return ProbeResult(
        signatures=tuple(
            sign_motion(motion, describer.describe([motion]), frame) for motion in scan.motions
        ),
        entries=tuple(entries),
        confidences=confidences,
        empty=tuple(control.key for control in scan.empty),
        dead=_dead(scan, frame),
        duplicates=tuple(duplicates),
        wrong_sides=tuple(find_wrong_sides(atoms, describer)),
        eye_distance_m=frame.eye_distance_m,
        front=_vector(frame.axes[2]),
        up=_vector(frame.axes[1]),
        found_eyes=frame.found_eyes,
    )


def _mesh_rows(scan: Scan) -> dict[str, BoolArray]:
    out: dict[str, BoolArray] = {}
    for name, (start, stop) in scan.meshes.items():
        rows = np.zeros(len(scan.points), np.bool_)
        rows[start:stop] = True
        out[name] = rows
    return out


def _turning_eyes(matches: list[Match]) -> set[str]:
    return {
        source.channel
        for match in matches
        for source in match.candidate.sources
        if np.linalg.norm(match.atom.descriptor[EYES]) > TURNS_EYE
    }


def _named_entries(matches: list[Match]) -> list[RigMapEntry]:
    """Entries of shapes and properties: one a control, both directions of a slider in one."""
    found: dict[ControlKey, tuple[Control, list[Source], float]] = {}
    for match in matches:
        for motion in match.atom.motions:
            key = motion.control.key
            sources = [Source(s.channel, s.gain * motion.amount) for s in match.candidate.sources]
            control, others, confidence = found.get(key, (motion.control, [], 1.0))
            found[key] = (control, others + sources, min(confidence, match.confidence))
    return [
        RigMapEntry(key, tuple(sources), control.rest, control.range, confidence, "probe")
        for key, (control, sources, confidence) in found.items()
    ]


def _bone_entries(shares: list[Share]) -> list[RigMapEntry]:
    found: dict[ControlKey, list[Share]] = {}
    for share in shares:
        found.setdefault(share.control.key, []).append(share)
    entries: list[RigMapEntry] = []
    for key, parts in found.items():
        low, high = parts[0].control.range
        if not any(part.channel.startswith("head") for part in parts):
            low = max(low, ROOM * sum(min(part.gain, 0.0) for part in parts))
            high = min(high, ROOM * sum(max(part.gain, 0.0) for part in parts))
        entries.append(
            RigMapEntry(
                control=key,
                sources=tuple(Source(part.channel, round(part.gain, 6)) for part in parts),
                limits=(round(low, 6), round(high, 6)),
                confidence=round(min(part.confidence for part in parts), 3),
                how="probe",
            )
        )
    return entries


def _dead(scan: Scan, frame: FaceFrame) -> tuple[ControlKey, ...]:
    out: list[ControlKey] = []
    for control in scan.still:
        if control.kind == BONE:
            away = np.array(scan.bones[control.name].at) - frame.origin
            if np.linalg.norm(away) > REACH * frame.eye_distance_m:
                continue
        out.append(control.key)
    return tuple(out)


def _vector(numbers: np.ndarray) -> Vector:
    x, y, z = (round(float(number), 6) for number in numbers)
    return (x, y, z)
