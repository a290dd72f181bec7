# SPDX-License-Identifier: GPL-3.0-or-later
"""Small recordings of each format of coefficients, made up value by value, to test with."""

from __future__ import annotations

import gzip
import json
import struct
from typing import Any

import numpy as np

from facemocap_addon.core.channels import arkit_names

NAMES = arkit_names()
UNREAL_ORDER = """EyeBlinkLeft EyeLookDownLeft EyeLookInLeft EyeLookOutLeft EyeLookUpLeft
EyeSquintLeft EyeWideLeft EyeBlinkRight EyeLookDownRight EyeLookInRight EyeLookOutRight
EyeLookUpRight EyeSquintRight EyeWideRight JawForward JawLeft JawRight JawOpen MouthClose
MouthFunnel MouthPucker MouthLeft MouthRight MouthSmileLeft MouthSmileRight MouthFrownLeft
MouthFrownRight MouthDimpleLeft MouthDimpleRight MouthStretchLeft MouthStretchRight MouthRollLower
MouthRollUpper MouthShrugLower MouthShrugUpper MouthPressLeft MouthPressRight MouthLowerDownLeft
MouthLowerDownRight MouthUpperUpLeft MouthUpperUpRight BrowDownLeft BrowDownRight BrowInnerUp
BrowOuterUpLeft BrowOuterUpRight CheekPuff CheekSquintLeft CheekSquintRight NoseSneerLeft
NoseSneerRight TongueOut HeadYaw HeadPitch HeadRoll LeftEyeYaw LeftEyePitch LeftEyeRoll
RightEyeYaw RightEyePitch RightEyeRoll""".split()
ROLLS = ("headRoll", "leftEyeRoll", "rightEyeRoll")


def values(frames: int = 40, columns: int = len(NAMES), seed: int = 0) -> np.ndarray:
    """Coefficients with four decimals; the first is no constant and no other's equal."""
    return np.random.default_rng(seed).uniform(0, 1, (frames, columns)).round(4)


def short(name: str) -> str:
    """The spelling with _L and _R, where the side is at the end of a pair's name."""
    pair = name.removesuffix("Left") if name.endswith("Left") else name.removesuffix("Right")
    if pair != name and f"{pair}Left" in NAMES and pair not in ("jaw", "mouth"):
        return pair + ("_L" if name.endswith("Left") else "_R")
    return name


def json_records(table: np.ndarray, step: float = 1 / 60, **more: Any) -> bytes:
    frames = [
        {"timestamp": row * step, "blendShapes": dict(zip(NAMES, cells, strict=True)), **more}
        for row, cells in enumerate(table.tolist())
    ]
    return json.dumps({"frames": frames}).encode()


def azure_chunks(table: np.ndarray, size: int = 15) -> list[dict[str, Any]]:
    return [
        {"FrameIndex": first, "BlendShapes": table[first : first + size].tolist()}
        for first in range(0, len(table), size)
    ]


def a2f_export(table: np.ndarray, names: tuple[str, ...] = NAMES, **changes: Any) -> bytes:
    document = {
        "exportFps": 60,
        "trackPath": "C:/sounds/line.wav",
        "numPoses": len(names),
        "numFrames": len(table),
        "facsNames": list(names),
        "weightMat": table.tolist(),
        "joints": ["jaw", "eye_L", "eye_R"],
        "rotations": [[[0.0, 0.0, 0.0, 1.0]] * 3] * len(table),
        "translations": [[[0.0, 0.0, 0.0]] * 3] * len(table),
        **changes,
    }
    return json.dumps({key: value for key, value in document.items() if value is not None}).encode()


def mediapipe_frames(table: np.ndarray, matrix: np.ndarray | None = None) -> list[dict[str, Any]]:
    """Results as the JavaScript task gives them; ``matrix`` is (n, 4, 4)."""
    names = ("_neutral", *(name for name in NAMES if name != "tongueOut"))
    frames: list[dict[str, Any]] = []
    for row, cells in enumerate(table.tolist()):
        categories = [
            {"index": k, "score": score, "categoryName": name, "displayName": ""}
            for k, (name, score) in enumerate(zip(names, [0.0, *cells], strict=True))
        ]
        frame: dict[str, Any] = {
            "timestampMs": [33, 33, 34][row % 3] + 100 * (row // 3) + 33 * (row % 3),
            "faceLandmarks": [[{"x": 0.5, "y": 0.5, "z": 0.0}] * 478],
            "faceBlendshapes": [{"categories": categories, "headIndex": -1, "headName": ""}],
        }
        if matrix is not None:
            packed = matrix[row].T.ravel().tolist()
            frame["facialTransformationMatrixes"] = [{"rows": 4, "columns": 4, "data": packed}]
        frames.append(frame)
    return frames


def pbtxt(labels: tuple[str, ...], table: np.ndarray) -> bytes:
    lines: list[str] = ["# proto-message: mediapipe.ClassificationList"]
    for row in table.tolist():
        for index, (label, score) in enumerate(zip(labels, row, strict=True)):
            lines += ["classification {", f"  index: {index}", f"  score: {score!r}"]
            lines += [f'  label: "{label}"', "}"]
    return ("\n".join(lines) + "\n").encode()


def face_cap(
    table: np.ndarray, pose: np.ndarray | None = None, times: list[int] | None = None
) -> bytes:
    pose = np.zeros((len(table), 10)) if pose is None else pose
    times = [round(row * 1000 / 60) for row in range(len(table))] if times is None else times
    lines = ["info,1.0", "bs," + ",".join(map(short, NAMES))]
    for time, head, cells in zip(times, pose.tolist(), table.tolist(), strict=True):
        lines.append(",".join(["k", str(time), *(f"{x:.6f}" for x in (*head, *cells))]))
    return ("\n".join(lines) + "\n").encode()


def packets(
    table: np.ndarray, pose: np.ndarray | None = None, sign: str = "-", end: str = "\n"
) -> bytes:
    """Lines of iFacialMocap; ``pose`` is (n, 12): head, right eye, left eye."""
    pose = np.zeros((len(table), 12)) if pose is None else pose
    out: list[str] = []
    rng = np.random.default_rng(1)
    for head, cells in zip(pose.tolist(), table.tolist(), strict=True):
        items = [
            f"{short(name) if sign == '-' else name}{sign}{round(100 * cell)}"
            for name, cell in zip(NAMES, cells, strict=True)
        ]
        items = [items[k] for k in rng.permutation(len(items))]
        parts = [",".join(f"{x:.5f}" for x in head[a:b]) for a, b in ((0, 6), (6, 9), (9, 12))]
        items.append("=head#{}|rightEye#{}|leftEye#{}|".format(*parts))
        out.append("|".join(items))
    return "".join(line + end for line in out).encode()


def packet(
    numbers: list[float] | None, frame: int, part: float = 0.0, subject: str = "iPhone"
) -> bytes:
    """A Live Link Face packet; without numbers, of a moment without a face."""
    head = b"\x06" + b"".join(
        struct.pack(">I", len(text)) + text.encode() for text in ("ABC-1", subject)
    )
    head += struct.pack(">ifii", frame, part, 60, 1)
    return head if numbers is None else head + struct.pack(f">B{len(numbers)}f", 61, *numbers)


def tape(each: list[bytes]) -> bytes:
    body = struct.pack(">BI", 6, len(each))
    return body + b"".join(struct.pack(">I", len(one)) + one for one in each)


def table_text(
    header: list[str], rows: list[list[Any]], mark: str = ",", ending: str = "\n"
) -> bytes:
    return "".join(mark.join(map(str, row)) + ending for row in [header, *rows]).encode()


def samples() -> dict[str, bytes]:
    """A sound recording of each format, by the name of its reader's format."""
    table = values(24)
    rng = np.random.default_rng(3)
    matrix = np.tile(np.eye(4), (24, 1, 1))
    matrix[:, :3, 3] = [0.5, 20.0, -60.0]
    names = list(NAMES)
    rows = list(enumerate(table.tolist()))
    return {
        "arkit_json": json_records(table),
        "arkit_csv": table_text(["time", *names], [[k / 60, *row] for k, row in rows]),
        "azure_viseme_json": json.dumps(azure_chunks(values(24, 55))).encode(),
        "audio2face_json": a2f_export(table),
        "audio2face_csv": table_text(
            ["", "timeCode", *(f"blendShapes.{n[0].upper()}{n[1:]}" for n in names)],
            [[k, k / 30, *row] for k, row in rows],
        ),
        "mediapipe_json": json.dumps(mediapipe_frames(values(8, 51), matrix)).encode(),
        "mediapipe_csv": table_text(
            ["frame", "_neutral", *names[:51]], [[k, 0, *row[:51]] for k, row in rows]
        ),
        "mediapipe_text": pbtxt(NAMES, table[:6]),
        "face_cap_text": face_cap(table, rng.normal(0, 5, (24, 10))),
        "ifacialmocap_packets": packets(table, rng.normal(0, 5, (24, 12))),
        "live_link_face_udp": gzip.compress(
            tape([packet(rng.uniform(0, 1, 61).tolist(), 1000 + k) for k in range(24)]), mtime=0
        ),
    }  # fmt: skip
