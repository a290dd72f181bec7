# SPDX-License-Identifier: GPL-3.0-or-later
"""Small files of landmark trackers, made up value by value, to test with."""

from __future__ import annotations

from typing import Any

import numpy as np

FRAMES = 24
UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
PRESENT = (*UNITS[:-1], 28, 45)
PY_FEAT_UNITS = (*UNITS[:8], 11, *UNITS[8:14], 24, 25, 26, 28, 43)
EMOTIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
FEATURES = (
    "eye_l", "eye_r", "eyebrow_steepness_l", "eyebrow_updown_l", "eyebrow_quirk_l",
    "eyebrow_steepness_r", "eyebrow_updown_r", "eyebrow_quirk_r", "mouth_corner_updown_l",
    "mouth_corner_inout_l", "mouth_corner_updown_r", "mouth_corner_inout_r", "mouth_open",
    "mouth_wide",
)  # fmt: skip


def face_points(seed: int = 0) -> np.ndarray:
    """Points ``(68, 3)`` that lie about as a face's do: metres, our axes, its middle at nought."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(-0.06, 0.06, (68, 3))
    points[36], points[45] = (-0.045, 0.03, 0.0), (0.045, 0.03, 0.0)
    points[30] = (0.0, 0.0, 0.06)
    return points


def rotation(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """R = Ry(yaw) Rx(-pitch) Rz(-roll) ``(3, 3)``: what headYaw, headPitch and headRoll mean."""
    return about(1, yaw) @ about(0, -pitch) @ about(2, -roll)


def about(axis: int, angle: float) -> np.ndarray:
    """The turn ``(3, 3)`` about a coordinate axis."""
    c, s = np.cos(angle), np.sin(angle)
    out = np.eye(3)
    i, j = (axis + 1) % 3, (axis + 2) % 3
    out[i, i], out[i, j], out[j, i], out[j, j] = c, -s, s, c
    return out


def angles_xyz(turn: np.ndarray) -> tuple[float, float, float]:
    """The angles about x, y, z of R = Rx Ry Rz."""
    return (
        float(np.arctan2(-turn[1, 2], turn[2, 2])),
        float(np.arcsin(turn[0, 2])),
        float(np.arctan2(-turn[0, 1], turn[0, 0])),
    )


def head_path(frames: int = FRAMES) -> np.ndarray:
    """headYaw, headPitch, headRoll ``(n, 3)``: each moves by itself."""
    t = np.linspace(0, 1, frames)
    return np.stack([0.3 * np.sin(5 * t), 0.2 * np.cos(4 * t), 0.15 * t - 0.05], axis=1)


def unit_path(frames: int = FRAMES, units: tuple[int, ...] = UNITS, seed: int = 1) -> np.ndarray:
    """Strengths ``(n, u)``, 0 to 1 in steps of a thousandth."""
    return np.random.default_rng(seed).uniform(0, 1, (frames, len(units))).round(3)


def openface_rows(
    frames: int = FRAMES, *, fps: float = 25.0, face: int | None = None, first: int = 1,
    seed: int = 1,
) -> tuple[list[str], list[list[Any]]]:  # fmt: skip
    """Header and rows as OpenFace 2 writes them: camera's axes, millimetres, five for the whole."""
    turn = np.array([1.0, -1.0, -1.0])
    points, units = face_points(seed), unit_path(frames, seed=seed)
    header = ["frame", *(["face_id"] if face is not None else []), "timestamp", "confidence",
              "success"]  # fmt: skip
    header += [f"gaze_{e}_{a}" for e in (0, 1) for a in "xyz"] + ["gaze_angle_x", "gaze_angle_y"]
    header += [f"pose_T{a}" for a in "xyz"] + [f"pose_R{a}" for a in "xyz"]
    header += [f"{a}_{k}" for a in "xyXYZ" for k in range(68)]
    header += ["p_scale", "p_rx"]
    header += [f"AU{u:02d}_r" for u in UNITS] + [f"AU{u:02d}_c" for u in PRESENT]
    rows: list[list[Any]] = []
    for k, (yaw, pitch, roll) in enumerate(head_path(frames)):
        turned = rotation(yaw, pitch, roll)
        place = np.array([0.02, -0.04, -0.6])
        seen = (points @ turned.T + place) * turn * 1000
        flat = seen[:, :2] / seen[:, 2:] * 500 + [320, 240]
        # both eyes look into the camera
        gaze = (0.0, 0.0, -1.0)
        cells = [first + k, *([face] if face is not None else []), f"{(first + k - 1) / fps:.3f}",
                 0.98, 1, *gaze, *gaze, 0.0, 0.0]  # fmt: skip
        cells += (place * turn * 1000).tolist()
        cells += angles_xyz(turned * np.outer(turn, turn))
        cells += [*flat.T.ravel().round(3).tolist(), *seen.T.ravel().round(4).tolist(), 1.2, 0.1]
        cells += (units[k] * 5).round(4).tolist()
        cells += [int(units[k, UNITS.index(u)] > 0.2) if u in UNITS else k % 2 for u in PRESENT]
        rows.append(cells)
    return header, rows


def openface_text(header: list[str], rows: list[list[Any]], ending: str = "\r\n") -> bytes:
    """A table with a blank after each comma."""
    return "".join(", ".join(map(str, row)) + ending for row in [header, *rows]).encode()


def py_feat_rows(frames: int = FRAMES, *, seed: int = 2) -> tuple[list[str], list[list[Any]]]:
    """Header and rows as py-feat writes them: degrees, pixels."""
    header = ["FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore"]
    header += [f"{a}_{k}" for a in "xy" for k in range(68)] + ["Pitch", "Roll", "Yaw"]
    header += [f"AU{u:02d}" for u in PY_FEAT_UNITS] + [*EMOTIONS, "input", "frame"]
    units = unit_path(frames, PY_FEAT_UNITS, seed)
    flat = face_points(seed)[:, :2] * [3000, -3000] + [320, 240]
    rows: list[list[Any]] = []
    for k, (yaw, pitch, roll) in enumerate(head_path(frames)):
        x, y, z = np.degrees(angles_xyz(rotation(yaw, pitch, roll)))
        cells: list[Any] = [200.5, 100.5, 240, 300, 0.99, *(flat.T.ravel() + k).tolist()]
        cells += [-x, -z, -y, *units[k].tolist(), *([0.1] * 7), "clip.mp4", k]
        rows.append(cells)
    return header, rows


def openseeface_rows(frames: int = FRAMES, *, face: int = 0) -> tuple[list[str], list[list[Any]]]:
    """Header of 435 names and rows of 453 values, as OpenSeeFace logs a 640x360 video."""
    header = ["Frame", "Time", "Width", "Height", "FPS", "Face", "FaceID", "RightOpen", "LeftOpen",
              "AverageConfidence", "Success3D", "PnPError"]  # fmt: skip
    header += [f"RotationQuat.{a}" for a in "XYZW"] + [f"Euler.{a}" for a in "XYZ"]
    header += [f"RVec.{a}" for a in "XYZ"] + [f"TVec.{a}" for a in "XYZ"]
    header += [f"Landmark[{k}].{a}" for k in range(66) for a in ("X", "Y", "Confidence")]
    header += [f"Point3D[{k}].{a}" for k in range(66) for a in "XYZ"] + list(FEATURES)
    points = face_points(4) / 0.15
    rows: list[list[Any]] = []
    for k, (yaw, pitch, roll) in enumerate(head_path(frames)):
        # the picture's rows run down, its columns to the subject's left; the model has y down
        turned = rotation(yaw, pitch, roll)
        turned = np.stack([-turned[1], turned[0], turned[2]]) * [1.0, -1.0, -1.0]
        angle = float(np.arccos(np.clip((np.trace(turned) - 1) / 2, -1, 1)))
        axis = np.array([turned[2, 1] - turned[1, 2], turned[0, 2] - turned[2, 0],
                         turned[1, 0] - turned[0, 1]])  # fmt: skip
        vector = axis / np.linalg.norm(axis) * angle
        cells: list[Any] = [k + 1, 1.7e9 + 0.02 * k, 640, 360, 0, face, face, 0.75, 1.0, 0.9]
        cells += ["True", 3.5, *([0] * 7), *vector.tolist(), 0.5, -0.4, -4.5]
        for number in range(68):
            cells += [300 + number, 200 - k, round(0.5 + number / 200, 4)]
        for number in range(66):
            cells += (-points[number]).tolist()
        # pupils a little ahead of the eyeballs' middles; both look to the subject's left
        for pupil in (True, False):
            for side in (-1.0, 1.0):
                ahead = np.array([0.02, 0.0, 0.08]) if pupil else np.zeros(3)
                cells += (-(np.array([0.2 * side, 0.3, -0.3]) + ahead)).tolist()
        cells += [round(-1 + place / 7 + k / 1000, 4) for place in range(len(FEATURES))]
        rows.append(cells)
    return header, rows


def csv_text(header: list[str], rows: list[list[Any]], ending: str = "\n") -> bytes:
    """A table with commas."""
    return "".join(",".join(map(str, row)) + ending for row in [header, *rows]).encode()


def pts_text(points: np.ndarray) -> bytes:
    """Landmarks ``(68, 2)`` of one picture, without an end of the last line."""
    lines = "\n".join(f"{x:.3f} {y:.3f}" for x, y in points.tolist())
    return f"version: 1\nn_points:  {len(points)}\n{{\n{lines}\n}}".encode()


def samples() -> dict[str, bytes]:
    """A sound file of each format, by the name of its reader's format."""
    return {
        "openface_csv": openface_text(*openface_rows()),
        "py_feat_csv": csv_text(*py_feat_rows()),
        "openseeface_csv": csv_text(*openseeface_rows(), ending="\r\n"),
        "pts_68": pts_text(face_points(5)[:, :2] * 1000 + 300),
    }
