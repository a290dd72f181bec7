# SPDX-License-Identifier: GPL-3.0-or-later
"""``take.json``, the notes that Live Link Face leaves beside a recording."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

_MAX_BYTES = 1 << 20
#: Key in the file, key in a take's details.
_KEPT = (
    ("slate", "slate"),
    ("take", "take"),
    ("subject", "subject"),
    ("deviceModel", "device"),
    ("appVersion", "app_version"),
    ("identifier", "identifier"),
    ("date", "date"),
    ("calibrated", "calibrated"),
    ("frames", "frames"),
)


@dataclass(frozen=True, slots=True)
class TakeNotes:
    """What the notes say: details to keep, the rate aimed at, the length, and what is wrong."""

    details: dict[str, Any] = field(default_factory=dict[str, Any])
    target_hz: float | None = None
    duration_s: float | None = None
    frames: int | None = None
    warnings: tuple[str, ...] = ()


def read_take_notes(recording: Path, rows: int) -> TakeNotes:
    """Read ``take.json`` beside a recording of ``rows`` rows; damaged notes are only a warning.

    Notes of another take (another name and another length) are left alone.
    """
    path = recording.with_name("take.json")
    try:
        if not path.is_file() or path.stat().st_size > _MAX_BYTES:
            return TakeNotes()
        loaded: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return TakeNotes(warnings=("take.json beside the recording is damaged and was not used.",))
    if not isinstance(loaded, dict):
        return TakeNotes(warnings=("take.json beside the recording is damaged and was not used.",))
    notes = cast("dict[str, Any]", loaded)
    frames = _number(notes.get("frames"))
    prefix = f"{notes.get('slate')}_{notes.get('take')}_"
    same_length = frames is not None and abs(frames - rows) <= 2
    if not (recording.name.startswith(prefix) or same_length):
        return TakeNotes(
            warnings=("take.json beside the recording belongs to another take and was not used.",)
        )
    warnings: list[str] = []
    if frames is not None and not same_length:
        warnings.append(f"take.json counts {frames:g} frames, the recording has {rows} rows.")
    details = {
        ours: notes[theirs]
        for theirs, ours in _KEPT
        if isinstance(value := notes.get(theirs), str | bool) or _number(value) is not None
    }
    start, end = _timestamp(notes.get("startTimestamp")), _timestamp(notes.get("endTimestamp"))
    duration_s = end - start if start is not None and end is not None and end > start else None
    target_hz = _number(notes.get("videoTargetFrameRate"))
    if target_hz is not None and not 5 <= target_hz <= 240:
        target_hz = None
    return TakeNotes(
        details, target_hz, duration_s, None if frames is None else int(frames), tuple(warnings)
    )


def _number(value: Any) -> float | None:
    """A finite number that is no bool, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _timestamp(value: Any) -> float | None:
    """Seconds of ``{"value": ..., "timescale": ...}``."""
    if not isinstance(value, dict):
        return None
    fields = cast("dict[str, Any]", value)
    ticks, scale = _number(fields.get("value")), _number(fields.get("timescale"))
    return ticks / scale if ticks is not None and scale is not None and scale > 0 else None
