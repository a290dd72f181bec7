# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a tracker found in the frames of a video to a take.

The tracker's landmarks (`worker/track_video.py` says how they are stored) become landmarks in the
head's frame, the head's pose, gaze and coefficients. docs/video.md has the whole way.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import BoolArray, FloatArray, frozen
from ..channels import Channel, arkit_schema
from ..errors import FacemocapError
from ..formats.coefficient_takes import Columns, finished_take
from ..formats.head_pose import HEAD_ANGLES, angle_channel, head_from_matrices, position_channels
from ..formats.sample_times import SampleTimes, nominal_rate
from ..gaze.gaze_angles import SIDES, to_eye_angles
from ..points import AXES, point_channels, point_values
from ..sampling import usual_step
from ..take import Take, TakeSource
from .landmark_basis import CORNERS_M, EYES, LANDMARKS, LandmarkBasis, landmark_basis
from .landmark_gaze import conjugate, find_gaze, look_coefficients
from .landmark_pose import FOCAL, Poses, find_poses, still_weights, to_camera
from .landmark_solve import Coefficients, find_neutral_frames, solve_coefficients

FORMAT = "video"
#: A second opinion: FaceLandmarker's own scores keep this before their names.
SCORES = "landmarker."
#: Frames this near to the second that `neutral_s` names are the neutral face.
NEAR_S = 0.1
_REGULAR = 0.25
_REGULAR_SHARE = 0.9
#: Landmarks that should be still are this far off (metres) where the fit is half believed.
_HALF_M = 0.004


@dataclass(frozen=True)
class Tracked:
    """What the tracker found; arrays as in `worker/track_video.py`."""

    times: FloatArray
    landmarks: FloatArray
    valid: BoolArray
    confidence: FloatArray
    size: tuple[int, int]
    scores: FloatArray | None = None
    meta: dict[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        for name, kind in (("times", np.float64), ("landmarks", np.float32)):
            object.__setattr__(self, name, frozen(getattr(self, name), kind))
        object.__setattr__(self, "valid", frozen(self.valid, np.bool_))
        object.__setattr__(self, "confidence", frozen(self.confidence, np.float32))
        if self.landmarks.shape != (len(self.times), LANDMARKS, 3):
            raise ValueError(f"landmarks have the shape {self.landmarks.shape}")


@dataclass(frozen=True)
class Face:
    """A face over the frames that have one.

    Attributes
    ----------
    poses : Poses
    neutral : (478, 3) float64
        The person's own neutral face, metres.
    neutral_frames : (n,) bool
        Which frames it was taken from.
    gazes : dict of str to ((n, 3) float64, (n,) bool)
        Where each eye looks, in the head's frame, and whether that can be told.
    coefficients : Coefficients
    """

    poses: Poses
    neutral: FloatArray
    neutral_frames: BoolArray
    gazes: dict[str, tuple[FloatArray, BoolArray]]
    coefficients: Coefficients


def read_tracked(path: Path) -> Tracked:
    """What the worker wrote."""
    with np.load(path, allow_pickle=False) as file:
        return Tracked(
            times=file["times"],
            landmarks=file["landmarks"],
            valid=file["valid"],
            confidence=file["confidence"],
            size=(int(file["size"][0]), int(file["size"][1])),
            scores=file.get("scores"),
            meta=json.loads(bytes(file["meta"]).decode()),
        )


def find_face(
    landmarks: FloatArray,
    size: tuple[int, int],
    neutral_frames: BoolArray | None = None,
    basis: LandmarkBasis | None = None,
) -> Face:
    """Pose, neutral face, gaze and coefficients of frames that all have a face.

    Parameters
    ----------
    landmarks : (n, 478, 3)
        Pixels, as a tracker gives them.
    size : (int, int)
        Width and height of the picture.
    neutral_frames : (n,) bool, optional
        Frames of the neutral face; found where not given.
    basis : LandmarkBasis, optional
    """
    basis = basis or landmark_basis()
    camera = to_camera(landmarks, size)
    focal_px = FOCAL * max(size)
    still = still_weights(basis)
    poses = find_poses(camera, basis.neutral, still, focal_px)
    everywhere = np.ones(len(landmarks), np.bool_)
    if neutral_frames is None:
        neutral_frames = find_neutral_frames(poses.points, everywhere)
    # once more with the person's own face, of the size that its eyes' distance says
    own = np.median(poses.points[neutral_frames], axis=0)
    corners = [EYES["left"]["outer"], EYES["right"]["outer"]]
    apart = float(np.linalg.norm(np.diff(own[corners], axis=0)))
    own = own * (CORNERS_M / max(apart, 1e-6))
    poses = find_poses(camera, own, still, focal_px)
    neutral = np.median(poses.points[neutral_frames], axis=0)
    gazes = _find_gazes(poses, neutral, basis)
    looks: dict[str, FloatArray] = {}
    for side, (direction, told) in gazes.items():
        for name, values in look_coefficients(direction, side).items():
            looks[name] = _bridged(values, told)
    # the neutral face looks somewhere too: only what differs from that moves the lids
    moved = {
        name: values - float(np.median(values[neutral_frames])) for name, values in looks.items()
    }
    found = solve_coefficients(poses.points, neutral, moved, basis)
    values = np.column_stack(
        [looks.get(name, found.values[:, k]) for k, name in enumerate(found.names)]
    )
    return Face(poses, neutral, neutral_frames, gazes, replace(found, values=values))


def make_video_take(tracked: Tracked, name: str, *, neutral_s: float | None = None) -> Take:
    """The take of a tracked video.

    Parameters
    ----------
    tracked : Tracked
    name : str
        The video's file name.
    neutral_s : float, optional
        Second of the video at which the face is neutral; found where not given.

    Raises
    ------
    FacemocapError
        When no frame has a face, or none near ``neutral_s``.
    """
    rows = np.flatnonzero(tracked.valid)
    count = len(tracked.times)
    if not len(rows):
        raise FacemocapError(
            f'"{name}" shows no face in any of its {count} frames',
            "Choose a video with one face, well lit and seen from the front",
        )
    chosen = None if neutral_s is None else _near(tracked, name, neutral_s)
    face = find_face(tracked.landmarks[rows], tracked.size, chosen)
    columns = _columns(tracked, face, rows)
    trust = np.zeros((count, 1), np.float32)
    fit = 1.0 / (1.0 + (face.poses.residual / _HALF_M) ** 2)
    trust[rows, 0] = tracked.confidence[rows] * fit
    return finished_take(
        columns,
        _clock(tracked),
        TakeSource(name, FORMAT, _details(tracked, face)),
        not_recorded=face.coefficients.unseen,
        confidence=np.repeat(trust, len(columns.channels), axis=1),
    )


def _near(tracked: Tracked, name: str, neutral_s: float) -> BoolArray:
    """Frames with a face near a second, of those that have one."""
    out = np.abs(tracked.times[tracked.valid] - neutral_s) <= NEAR_S + 1e-6
    if not out.any():
        raise FacemocapError(
            f'"{name}" has no face at {neutral_s:g} s, where it is said to be neutral',
            f"Name a second from 0 to {float(tracked.times[-1]):.2f} in which the face is seen",
        )
    return out


def _find_gazes(
    poses: Poses, neutral: FloatArray, basis: LandmarkBasis
) -> dict[str, tuple[FloatArray, BoolArray]]:
    away = np.linalg.norm(poses.places, axis=1, keepdims=True)
    views = np.einsum("nji,nj->ni", poses.turns, -poses.places / np.maximum(away, 1e-9))
    found = [find_gaze(poses.points, views, side, neutral, basis) for side in SIDES]
    left, right = conjugate(found[0][0], found[1][0], found[0][1] & found[1][1])
    return {"left": (left, found[0][1]), "right": (right, found[1][1])}


def _bridged(values: FloatArray, told: BoolArray) -> FloatArray:
    """Values ``(n,)`` put in between where they cannot be told."""
    if told.all() or not told.any():
        return values
    every = np.arange(len(values))
    return np.interp(every, every[told], values[told])


def _columns(tracked: Tracked, face: Face, rows: Any) -> Columns:
    """All channels over all frames, nought where there is no face."""
    count = len(tracked.times)
    schema = arkit_schema()

    def spread(values: FloatArray) -> FloatArray:
        out = np.zeros((count, *values.shape[1:]), np.float32)
        out[rows] = values
        return out

    found = face.coefficients
    out = Columns(
        [schema[name] for name in found.names],
        spread(found.values),
        np.repeat(tracked.valid[:, None], len(found.names), axis=1),
    )
    head = head_from_matrices(face.poses.turns)
    out.add([angle_channel(name) for name in HEAD_ANGLES], spread(head), tracked.valid)
    out.add(list(position_channels()), spread(face.poses.places), tracked.valid)
    for side, (direction, told) in face.gazes.items():
        there = np.zeros(count, np.bool_)
        there[rows] = told
        channels = [angle_channel(f"{side}Eye{axis}") for axis in ("Yaw", "Pitch")]
        out.add(channels, spread(to_eye_angles(direction)), there)
        for place, name in enumerate(found.names):
            if name.startswith("eyeLook") and name.lower().endswith(side):
                out.valid[:, place] &= there
    everywhere = np.repeat(tracked.valid[:, None], LANDMARKS, axis=1)
    values, valid = point_values(spread(face.poses.points), everywhere)
    out.add(landmark_channels(landmark_basis().partners), values, valid)
    names: list[str] = tracked.meta.get("score_names") or []
    if tracked.scores is not None and len(names) == tracked.scores.shape[1]:
        channels = [Channel(f"{SCORES}{name}", original=name) for name in names]
        out.add(channels, tracked.scores, tracked.valid)
    _say_all(out, tracked, face, rows)
    return out


def landmark_channels(partners: Sequence[int] | Any) -> list[Channel]:
    """Channels ``mp_000.x`` to ``mp_477.z``, with their partners in a mirrored face."""
    names = [f"mp_{k:03d}" for k in range(LANDMARKS)]
    made = point_channels(names)
    return [
        replace(channel, partner=f"{names[int(partners[k // 3])]}.{AXES[k % 3]}")
        for k, channel in enumerate(made)
    ]


def _say_all(columns: Columns, tracked: Tracked, face: Face, rows: Any) -> None:
    """What was taken for granted, and what the animator should know."""
    at = tracked.times[rows][face.neutral_frames]
    when = f"from {at.min():.2f} to {at.max():.2f} s ({len(at)} frames)"
    apart = f"whose eyes' outer corners are {CORNERS_M * 1000:g} mm apart"
    lens = f"{FOCAL:g} times the picture's longer side"
    columns.assumptions += [
        f"The face is taken for neutral {when}; everything is counted from there.",
        f"Sizes are those of a face {apart}, seen through a lens of {lens}.",
        "Coefficients are solved from the landmarks' movements.",
    ]
    if tracked.meta.get("mirrored"):
        columns.assumptions.append("The picture was taken for mirrored and turned round.")
    repaired = int(tracked.meta.get("repaired", 0))
    if repaired:
        were = "frame had no time of its own" if repaired == 1 else "frames had no times"
        columns.warnings.append(f"{repaired} {were} in order; they were put between the others.")
    announced = int(tracked.meta.get("announced", 0))
    if announced > 1.2 * len(tracked.times) + 5:
        columns.warnings.append(
            f"The video says that it has {announced} frames; {len(tracked.times)} could be read."
        )


def _clock(tracked: Tracked) -> SampleTimes:
    """The video's own times."""
    times = tracked.times
    count = len(times)
    if count < 2:
        raise FacemocapError("The video has only one frame", "Choose a video of two frames or more")
    step = usual_step(times)
    steps = np.diff(times)
    alike = np.abs(steps - step) <= _REGULAR * step
    regular = float(alike.mean()) >= _REGULAR_SHARE
    said = () if regular else ("The frame rate varies: times are those of the frames.",)
    rate = nominal_rate(1.0 / step)
    return SampleTimes(times, np.arange(count), step, rate, regular, said, ())


def _details(tracked: Tracked, face: Face) -> dict[str, Any]:
    return {
        "tracker": str(tracked.meta.get("tracker", "")),
        "picture": list(tracked.size),
        "frames": len(tracked.times),
        "frames_with_face": int(tracked.valid.sum()),
        "residual_mm": round(float(np.median(face.coefficients.residual_mm)), 3),
    }
