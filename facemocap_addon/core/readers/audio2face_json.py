# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of NVIDIA Audio2Face in JSON: its exported weights, and a saved Live Link stream."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

from ..errors import FacemocapError
from ..formats.json_frames import Frames, find_frames
from ..formats.json_takes import JsonFormat, gather_facts, read_facts
from ..formats.json_text import json_keys, json_text, parse_json, without_collector
from ..formats.json_values import as_dict, as_list, is_number
from ..sound_files import find_sound
from ..take import Take
from . import Reader, ReadOptions

_EXPORT_AGAIN = "Export it from Audio2Face again"
_NAMES = ("facsNames", "faceNames")
_EXPORT = JsonFormat("audio2face_json", 60.0)
_STREAM = JsonFormat("audio2face_json", 30.0)


def sniff(head: bytes) -> float:
    """A matrix of weights with names of poses, or a subject called Audio2Face."""
    keys = json_keys(head)
    if "Audio2Face" in keys and keys & {"Facial", "Weights", "Names"}:
        return 0.97
    if "weightMat" in keys or {"facsNames", "exportFps"} <= keys:
        return 0.95
    return 0.9 if keys & {"facsNames", "faceNames"} and keys & {"numPoses", "numFrames"} else 0.0


def read(data: bytes, path: Path, options: ReadOptions) -> Take:
    """Read the take; a sound of the same name beside ``path`` tells a stream's rate."""
    kind, beside = _EXPORT, None
    warnings: list[str] = []
    with without_collector():
        text = json_text(data)
        del data
        document = parse_json(text, path.name)
        del text
        found = _found(document, path.name)
        if found.labels is not None or found.place.kind == "beside":
            kind, beside = _STREAM, _rate_beside(found, path)
        else:
            warnings = _notes(as_dict(document), found)
        facts = gather_facts(found, path.name, options)
        del document, found
    return read_facts(facts, path, kind, options, beside=beside, warnings=warnings)


def _found(document: Any, name: str) -> Frames:
    """The frames of a document."""
    entries = as_dict(document)
    if "weightMat" in entries:
        _check_weights(entries, name)
    found = find_frames(document)
    if found is None:
        raise FacemocapError(f'"{name}" holds no weights of named poses', _EXPORT_AGAIN)
    return found


def _notes(entries: dict[str, Any], found: Frames) -> list[str]:
    """What is said of an export."""
    warnings: list[str] = []
    joints = as_list(entries.get("joints"))
    if joints:
        shown = ", ".join(str(joint) for joint in joints[:4])
        warnings.append(f"Not read: the turns and shifts of joints ({shown}).")
    number = entries.get("numFrames")
    if is_number(number) and number != len(found.frames):
        warnings.append(f"The file counts {number} frames and holds {len(found.frames)}.")
    if found.place.known <= 1:
        warnings.append("None of its poses is an ARKit coefficient; they keep their own names.")
    return warnings


def _check_weights(entries: dict[str, Any], name: str) -> None:
    """Refuse names that do not fit the rows."""
    names = as_list(next((entries[key] for key in _NAMES if key in entries), None))
    rows = as_list(entries["weightMat"])
    if not names or not rows:
        raise FacemocapError(
            f'"{name}" holds weights without names, or no weights',
            _EXPORT_AGAIN,
        )
    if len(as_list(rows[0])) != len(names):
        raise FacemocapError(
            f'"{name}" has {len(as_list(rows[0]))} weights a frame and {len(names)} names',
            _EXPORT_AGAIN,
        )


def _rate_beside(found: Frames, path: Path) -> tuple[float, str] | None:
    """Samples a second as the length of the sound beside the file has it."""
    sound = find_sound(path)
    if sound is None or sound.suffix.lower() != ".wav":
        return None
    try:
        with wave.open(str(sound), "rb") as file:
            seconds = file.getnframes() / file.getframerate()
    except (OSError, EOFError, wave.Error, ZeroDivisionError):
        return None
    rate = len(found.frames) / seconds if seconds > 0 else 0.0
    if not 5 <= rate <= 240:
        return None
    # a sound is rarely a whole number of frames long
    return (float(round(rate)) if abs(rate - round(rate)) < 0.25 else rate), "the sound beside it"


READER = Reader("audio2face_json", "Audio2Face (.json)", (".json",), sniff, read)
