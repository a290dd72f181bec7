# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of MediaPipe's own text dumps (pbtxt): classification lists and face geometries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..errors import FacemocapError
from ..formats.coefficient_takes import check_filled, finished_take, is_coefficient, schema_columns
from ..formats.head_pose import HEAD_ANGLES, angle_channel, head_from_matrices, position_channels
from ..formats.mediapipe import MATRIX_FRAME, RATE_HZ, say_unseen
from ..formats.sample_times import count_samples
from ..take import Take, TakeSource
from . import Reader, ReadOptions

FORMAT = "mediapipe_text"
_BLOCK = re.compile(r"classification\s*[:]?\s*\{([^{}]*)\}")
_FIELD = re.compile(r"\b(score|label|display_name)\s*:\s*(\"[^\"\n]*\"|[^\s}\"]+)")
#: How MediaPipe itself writes the fields.
_USUAL = re.compile(r"(?:\s+index: \d+)?\s+score: ([^\s}\"]+)\s+label: \"([^\"\n]+)\"\s*")
_MATRIX = re.compile(r"pose_transform_matrix\s*\{([^{}]*)\}")
_NUMBER = re.compile(r"\bpacked_data\s*:\s*([^\s}]+)")
_LAYOUT = re.compile(r"\blayout\s*:\s*(\w+)")
_SIGNS = re.compile(
    rb"\b(?:classification|pose_transform_matrix|landmark|face_landmarks)\s*:?\s*\{"
)
_EXPORT_AGAIN = "Export it from MediaPipe again"
_CM = 0.01
_MOST_FRAMES = 200_000


def sniff(head: bytes) -> float:
    """Blocks of MediaPipe's messages in protocol buffer text."""
    if not _SIGNS.search(head[:16_384]) and b"mediapipe" not in head[:1024]:
        return 0.0
    if re.search(rb"proto-message:\s*\w*(?:FaceGeometry|Classification)", head[:1024]):
        return 0.95
    if re.search(rb"\blabel\s*:\s*\"", head) and _SIGNS.search(head):
        return 0.95
    return 0.6 if _SIGNS.search(head) else 0.0


def read(data: bytes, path: Path, options: ReadOptions) -> Take:
    """Read the take from the file's bytes."""
    name = path.name
    text = data.decode("utf-8", "replace")
    del data
    if text.count("{") != text.count("}"):
        raise FacemocapError(f'"{name}" is cut off: a block is not closed', _EXPORT_AGAIN)
    names, table = _scores(text, name)
    matrices = _matrices(text, name)
    frames = max(len(table), len(matrices))
    if not frames:
        what = "landmarks and no scores" if "landmark" in text else "no scores of categories"
        raise FacemocapError(
            f'"{name}" holds {what}', "Export the blend shapes of the face landmarker"
        )
    if len(table) and len(matrices) and len(table) != len(matrices):
        raise FacemocapError(
            f'"{name}" has {len(table)} lists of scores and {len(matrices)} matrices', _EXPORT_AGAIN
        )
    numbers = table if len(table) else np.zeros((frames, 0))
    columns = schema_columns(names, np.nan_to_num(numbers), np.isfinite(numbers))
    if len(matrices):
        there = np.isfinite(matrices).all(axis=(1, 2))
        upright = np.where(there[:, None, None], matrices, np.eye(4))
        angles = head_from_matrices(upright[:, :3, :3])
        key = "pose_transform_matrix"
        columns.add([angle_channel(each, key) for each in HEAD_ANGLES], angles, there)
        columns.add(
            position_channels((f"{key}.x", f"{key}.y", f"{key}.z")), upright[:, :3, 3] * _CM, there
        )
        columns.assumptions.append(
            f'Head pose from "{key}": relative to {MATRIX_FRAME}, taken for centimetres.'
        )
    if any(word in text and re.search(rf"\b{word}\b", text) for word in ("landmark", "mesh")):
        columns.warnings.append("Not read: landmarks and mesh.")
    rate_hz, named = options.rate_or(RATE_HZ)
    clock = count_samples(frames, rate_hz, "The file has no times", named=named)
    take = finished_take(columns, clock, TakeSource(name, FORMAT, {"frames": frames}), still=True)
    return say_unseen(take)


def _blocks(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Blocks whose name stands alone: a pattern that asks for that itself is searched slowly."""
    for block in pattern.finditer(text):
        before = text[block.start() - 1 : block.start()]
        if not (before.isalnum() or before == "_"):
            yield block


def _scores(text: str, name: str) -> tuple[list[str], np.ndarray]:
    """Labels and scores ``(n, c)``; a label that comes again begins the next frame."""
    frames: list[dict[str, float]] = []
    columns: dict[str, int] = {}
    for block in _blocks(_BLOCK, text):
        usual = _USUAL.fullmatch(block[1])
        if usual:
            fields = {"score": usual[1], "label": usual[2]}
        else:
            fields = {key: value.strip('"') for key, value in _FIELD.findall(block[1])}
        label = fields.get("label") or fields.get("display_name")
        if not label:
            continue
        if not frames or label in frames[-1]:
            if len(frames) == _MOST_FRAMES:
                break
            frames.append({})
        try:
            # a message leaves out what is zero
            score = float(fields.get("score", "0"))
        except ValueError:
            score = np.nan
        frames[-1][label] = score if np.isfinite(score) else np.nan
        columns.setdefault(label, len(columns))
    if frames and not any(map(is_coefficient, columns)):
        raise FacemocapError(
            f'"{name}" holds categories that are no face coefficients', _EXPORT_AGAIN
        )
    check_filled(name, len(frames), len(columns), sum(map(len, frames)))
    table = np.full((len(frames), len(columns)), np.nan)
    for row, scores in enumerate(frames):
        table[row, [columns[label] for label in scores]] = list(scores.values())
    return list(columns), table


def _matrices(text: str, name: str) -> np.ndarray:
    """Matrices ``(n, 4, 4)`` with their translations in the last column."""
    found: list[np.ndarray] = []
    for block in _blocks(_MATRIX, text):
        numbers = _NUMBER.findall(block.group(1))
        if len(numbers) != 16:
            raise FacemocapError(
                f'"{name}" has a head matrix of {len(numbers)} numbers', _EXPORT_AGAIN
            )
        try:
            matrix = np.array([float(each) for each in numbers]).reshape(4, 4)
        except ValueError:
            matrix = np.full((4, 4), np.nan)
        layout = _LAYOUT.search(block.group(1))
        rows_first = layout is not None and layout.group(1) in ("ROW_MAJOR", "1")
        found.append(matrix if rows_first else matrix.T)
    return np.array(found).reshape(-1, 4, 4)


READER = Reader(FORMAT, "MediaPipe face landmarker (.pbtxt)", (".pbtxt", ".prototxt"), sniff, read)
