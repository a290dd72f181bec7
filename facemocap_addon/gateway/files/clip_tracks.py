# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes out of the motion tracks of a movie clip: points in its picture, and in space if solved.

Markers lie on frames of the clip, whose first is 1 wherever the clip begins in the scene. Points in
space are seen from the camera of their frame: x to the picture's right, y up, z towards it, which
are our axes for a face that looks into the camera.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import bpy
import numpy as np

from ...core.arrays import BoolArray, FloatArray
from ...core.channels import Channel
from ...core.errors import FacemocapError
from ...core.formats.coefficient_takes import check_size
from ...core.points import PICTURE, point_channels, point_values
from ...core.take import Take, TakeSource
from ...core.timebase import Timebase
from ..scenes import scene_clock

FORMAT = "clip_tracks"
#: Behind the name of a point in space, which its point in the picture has too.
IN_SPACE = " (3D)"
_MOST_FRAMES = 1_000_000


@dataclass(frozen=True)
class _Track:
    """One track: its name, its tracking object, and places ``(n, 2)`` at the clip's frames."""

    name: str
    track: Any
    holder: Any
    frames: np.ndarray
    places: FloatArray


def clip_names() -> list[str]:
    """Names of the file's movie clips."""
    return [clip.name for clip in bpy.data.movieclips]


def find_clip(name: str, meant: bpy.types.MovieClip | None = None) -> bpy.types.MovieClip:
    """The clip of a name; without one what is ``meant``, else the only one of the file.

    Raises
    ------
    FacemocapError
        When there is none, or several may be meant.
    """
    clips = list(bpy.data.movieclips)
    found = bpy.data.movieclips.get(name) if name else meant
    if found is None and not name and len(clips) == 1:
        found = clips[0]
    if found is None:
        names = ", ".join(f'"{each.name}"' for each in clips[:6])
        raise FacemocapError(
            f'There is no clip "{name}"' if name else "No clip is chosen",
            f"Choose one: {names}" if names else "Open a movie clip and track it first",
        )
    return found


def take_from_clip(clip: bpy.types.MovieClip, scene: bpy.types.Scene) -> Take:
    """The tracks of a clip as points, a sample a frame from the first marker to the last.

    Muted and disabled markers, and frames without one, are missing.

    Parameters
    ----------
    clip : MovieClip
    scene : Scene
        Its rate counts where the clip has none; its unit is that of points in space.

    Raises
    ------
    FacemocapError
        When the clip has no size, or no marker that counts.
    """
    size: Any = clip.size
    width, height = int(size[0]), int(size[1])
    if width <= 0 or height <= 0:
        raise FacemocapError(
            f'The pictures of the clip "{clip.name}" are missing', "Find its file again"
        )
    tracks = [track for track in _tracks(clip) if len(track.frames)]
    if not tracks:
        raise FacemocapError(
            f'The clip "{clip.name}" has no tracks with markers that are on',
            "Track its dots first, in the Movie Clip Editor",
        )
    first = min(int(track.frames[0]) for track in tracks)
    last = max(int(track.frames[-1]) for track in tracks)
    if last - first >= _MOST_FRAMES:
        raise FacemocapError(
            f'The markers of "{clip.name}" reach from frame {first} to {last}',
            "Delete the ones that are not in the clip",
        )
    numbers = np.arange(first, last + 1)
    check_size(clip.name, len(numbers), 5 * len(tracks))
    values, valid = _in_picture(tracks, numbers, (width, height))
    channels: tuple[Channel, ...] = point_channels([t.name for t in tracks], kind=PICTURE)
    solved = [track for track in tracks if _is_solved(track)]
    if solved:
        space, known = _in_space(solved, numbers, scene.unit_settings.scale_length)
        channels += point_channels([track.name + IN_SPACE for track in solved])
        values = np.concatenate([values, space], axis=1)
        valid = np.concatenate([valid, known], axis=1)
    rate, said = _rate(clip, scene)
    details: dict[str, Any] = {
        "clip": clip.name,
        "picture": f"{width} x {height} pixels",
        "first_scene_frame": first + clip.frame_start - 1,
        "first_clip_frame": first,
        # which frame of the file that is; its first one is 1
        "first_file_frame": first + clip.frame_offset,
        "tracks": len(tracks),
        "solved": len(solved),
    }
    return Take(
        times=(numbers - first) / float(rate),
        channels=channels,
        values=values.astype(np.float32),
        valid=valid,
        timebase=Timebase(rate),
        source=TakeSource(clip.name, FORMAT, details),
        assumptions=tuple(said),
        warnings=_doubts(tracks, solved, valid, len(numbers)),
    )


def _tracks(clip: bpy.types.MovieClip) -> list[_Track]:
    """Tracks of all tracking objects, each name once."""
    found: list[_Track] = []
    taken: set[str] = set()
    for holder in clip.tracking.objects:
        for track in holder.tracks:
            name = track.name
            if name in taken:
                name = f"{holder.name}: {track.name}"
            number = 1
            while name in taken:
                number += 1
                name = f"{holder.name}: {track.name} {number}"
            taken.add(name)
            found.append(_Track(name, track, holder, *_markers(track)))
    return found


def _markers(track: Any) -> tuple[np.ndarray, FloatArray]:
    """Frames ``(k,)`` and places ``(k, 2)`` of the markers that are on, in parts of the picture."""
    number = len(track.markers)
    frames, muted = np.empty(number, np.int32), np.empty(number, np.bool_)
    places = np.empty(number * 2, np.float32)
    track.markers.foreach_get("frame", frames)
    track.markers.foreach_get("mute", muted)
    track.markers.foreach_get("co", places)
    table = places.reshape(-1, 2).astype(np.float64) + np.array(track.offset, np.float64)
    kept = ~muted & np.isfinite(table).all(axis=1)
    return frames[kept], table[kept]


def _in_picture(
    tracks: Sequence[_Track], numbers: np.ndarray, size: tuple[int, int]
) -> tuple[FloatArray, BoolArray]:
    """Pixels: x to the right, y down, as all points in pictures."""
    places = np.zeros((len(numbers), len(tracks), 2))
    valid = np.zeros(places.shape[:2], np.bool_)
    for column, track in enumerate(tracks):
        rows = track.frames - numbers[0]
        places[rows, column] = track.places * [1.0, -1.0] + [0.0, 1.0]
        valid[rows, column] = True
    return point_values(places * np.array(size), valid)


def _is_solved(track: _Track) -> bool:
    return bool(track.track.has_bundle and track.holder.reconstruction.is_valid)


def _in_space(
    tracks: Sequence[_Track], numbers: np.ndarray, metres: float
) -> tuple[FloatArray, BoolArray]:
    """Metres, seen from the camera of each frame."""
    places = np.zeros((len(numbers), len(tracks), 3))
    valid = np.zeros(places.shape[:2], np.bool_)
    cameras: dict[Any, tuple[np.ndarray, FloatArray]] = {}
    for column, track in enumerate(tracks):
        if track.holder not in cameras:
            cameras[track.holder] = _cameras(track.holder, numbers)
        rows, inverse = cameras[track.holder]
        bundle = np.array([*track.track.bundle, 1.0])
        places[rows, column] = (inverse @ bundle)[:, :3] * metres
        valid[rows, column] = True
    return point_values(places, valid)


def _cameras(holder: Any, numbers: np.ndarray) -> tuple[np.ndarray, FloatArray]:
    """Rows ``(k,)`` with a reconstructed camera, and what brings points before it ``(k, 4, 4)``."""
    rows: list[int] = []
    inverse: list[FloatArray] = []
    for camera in holder.reconstruction.cameras:
        row = int(camera.frame) - int(numbers[0])
        matrix = np.array(camera.matrix, np.float64)
        if 0 <= row < len(numbers) and abs(float(np.linalg.det(matrix))) > 1e-12:
            rows.append(row)
            inverse.append(np.linalg.inv(matrix))
    return np.array(rows, np.intp), np.array(inverse).reshape(-1, 4, 4)


def _rate(clip: bpy.types.MovieClip, scene: bpy.types.Scene) -> tuple[Fraction, list[str]]:
    said = [
        "Points are where the picture shows them: a lens's distortion is in them.",
    ]
    rate_hz = float(clip.fps)
    if clip.source == "SEQUENCE" or not np.isfinite(rate_hz) or rate_hz <= 0:
        rate_hz = scene_clock(scene).rate_hz
        said.append(
            f"Pictures have no rate: they are taken for the scene's {rate_hz:.6g} a second."
        )
    return Fraction(rate_hz).limit_denominator(1001), said


def _doubts(
    tracks: Sequence[_Track], solved: Sequence[_Track], valid: BoolArray, frames: int
) -> tuple[str, ...]:
    out: list[str] = []
    seen = valid[:, : 2 * len(tracks) : 2]
    lost = [track.name for track, own in zip(tracks, seen.T, strict=True) if not own.all()]
    if lost:
        more = f" and {len(lost) - 6} more" if len(lost) > 6 else ""
        out.append(f"{len(lost)} tracks are not on all {frames} frames: "
                   f"{', '.join(lost[:6])}{more}.")  # fmt: skip
    if solved and len(solved) < len(tracks):
        out.append(f"{len(tracks) - len(solved)} of {len(tracks)} tracks have no place in space.")
    return tuple(out)
