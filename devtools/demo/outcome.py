# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demo learnt about one character; it travels between processes as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Proof:
    """An F-curve as Blender evaluates it, beside what the rig map and the take say it must be.

    Times are seconds since the take's first sample. ``scale`` turns stored values into ``unit``.
    """

    control: str
    formula: str
    unit: str
    scale: float
    frame_times: list[float]
    frame_values: list[float]
    sample_times: list[float]
    sample_values: list[float]
    sample_known: list[bool]
    largest_difference: float


@dataclass(frozen=True)
class RigOutcome:
    """One character with the take on it."""

    rig: str
    character: str
    kinds: dict[str, int]
    blend: str
    blend_bytes: int
    action: str
    keys: int
    curves: int
    controls: int
    channels_matched: list[str]
    channels_unmatched: list[str]
    controls_unmatched: list[str]
    notes: list[str]
    fps: float
    frame_range: tuple[int, int]
    moments: list[tuple[int, str, float]]  # frame, caption, seconds of the take
    stills: list[str]
    proof: Proof | None
    seconds: dict[str, float]
    blender: str

    def write(self, path: Path) -> None:
        """Hand it to another process."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @staticmethod
    def read(path: Path) -> RigOutcome:
        """What another process wrote."""
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        proof = Proof(**data.pop("proof")) if data["proof"] else data.pop("proof")
        moments = [(int(frame), str(name), float(s)) for frame, name, s in data.pop("moments")]
        first, last = data.pop("frame_range")
        return RigOutcome(**data, proof=proof, moments=moments, frame_range=(first, last))
