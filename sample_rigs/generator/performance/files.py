# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing a performance: the Live Link Face CSV, and the truth beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from .camera import TICKS_PER_SECOND, glitched_channels
from .channels import CHANNELS, noise_sigmas
from .gaze import fixations
from .model import Performance
from .speech import lip_contacts

_DAY_TICKS = 24 * 3600 * TICKS_PER_SECOND
_COUNT = len(CHANNELS)
_SEALED = 0.003  # a gap of the lips below this is none
_REST_S = 0.25  # a seal of this length is a mouth at rest, not a consonant


def timecode(ticks: int) -> str:
    """Return HH:MM:SS:FF.sss for a time of day in 1/60000 s; wraps at midnight."""
    seconds, rest = divmod(ticks % _DAY_TICKS, TICKS_PER_SECOND)
    frame, subframe = divmod(rest, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}:{minute:02d}:{second:02d}:{frame:02d}.{subframe:03d}"


def live_link_csv(performance: Performance) -> bytes:
    """Return the performance as the bytes of a Live Link Face CSV file."""
    names = (name[0].upper() + name[1:] for name in CHANNELS)
    lines = [",".join(("Timecode", "BlendShapeCount", *names))]
    pattern = f"%s,{_COUNT}," + ",".join(["%.10f"] * _COUNT)
    ticks = np.rint(performance.times_s * TICKS_PER_SECOND).astype(np.int64)
    ticks += performance.start_ticks
    for index in np.flatnonzero(performance.written).tolist():
        stamp = timecode(int(ticks[index]))
        if performance.tracked[index]:
            lines.append(pattern % (stamp, *performance.values[index].tolist()))
        else:
            lines.append(f"{stamp},0")
    return ("\n".join(lines) + "\n").encode("ascii")


def write_live_link_csv(performance: Performance, path: str | Path) -> None:
    """Write the performance as a Live Link Face CSV file."""
    Path(path).write_bytes(live_link_csv(performance))


def write_truth(performance: Performance, folder: str | Path, stem: str) -> None:
    """Write ``stem.npz`` (arrays) and ``stem.json`` (events): what the CSV keeps to itself."""
    base = Path(folder)
    arrays = {
        "times_s": performance.times_s,
        "clean": performance.clean,
        "values": performance.values,
        "valid": performance.valid,
        "tracked": performance.tracked,
        "written": performance.written,
        "gaze_rad": performance.gaze_rad,
        "breath": performance.breath,
        "lip_gap": performance.lip_gap,
        "voiced": performance.voiced,
        "channels": np.array(CHANNELS),
        "noise_sigma": performance.noise * noise_sigmas(),
    }
    with (base / f"{stem}.npz").open("wb") as stream:
        np.savez_compressed(stream, **arrays)  # pyright: ignore[reportArgumentType]
    text = json.dumps(describe_events(performance), indent=1)
    (base / f"{stem}.json").write_text(text + "\n", encoding="utf-8", newline="\n")


def describe_events(performance: Performance) -> dict[str, Any]:
    """Return the events of a performance as plain JSON values; times in seconds of the take."""
    end_s = float(performance.times_s[-1])
    script = performance.script

    def inside(start_s: float) -> bool:
        return start_s < end_s

    return {
        "schema": 1,
        "synthetic": True,
        "seed": performance.seed,
        "rate_hz": performance.rate_hz,
        "noise": performance.noise,
        "start_timecode": timecode(performance.start_ticks),
        "frames": len(performance.times_s),
        "phrases": [
            {
                "text": phrase.text,
                "onset_s": phrase.start_s,
                "offset_s": phrase.end_s,
                "syllables": [list(span) for span in phrase.syllables],
            }
            for phrase in script.phrases
            if inside(phrase.start_s)
        ],
        "lip_contacts": [
            {"phone": phone, "onset_s": start_s, "offset_s": stop_s}
            for phone, start_s, stop_s in lip_contacts(
                script.phrases, script.mouth_times_s, script.mouth_targets
            )
            if inside(start_s)
        ],
        "blinks": [
            {
                "kind": blink.kind,
                "side": "L" if blink.kind == "wink" else "both",
                "onset_s": blink.onset_s,
                "closure_s": blink.closed_s,
                "apex_s": 0.5 * (blink.closed_s + blink.reopening_s),
                "reopening_s": blink.reopening_s,
                "offset_s": blink.offset_s,
                "tau_s": blink.tau_s,
                "right_lag_s": blink.right_lag_s,
                "amplitude_left": blink.amplitude_left,
                "amplitude_right": blink.amplitude_right,
            }
            for blink in script.blinks
            if inside(blink.onset_s)
        ],
        "gaze_moves": [
            {
                "kind": move.kind,
                "onset_s": move.onset_s,
                "duration_s": move.duration_s,
                "start_rad": list(move.start_rad),
                "end_rad": list(move.end_rad),
                "amplitude_deg": move.amplitude_deg,
            }
            for move in script.moves
            if inside(move.onset_s)
        ],
        "fixations": [
            {"onset_s": start_s, "offset_s": stop_s, "yaw_rad": yaw, "pitch_rad": pitch}
            for start_s, stop_s, yaw, pitch in fixations(
                [move for move in script.moves if inside(move.onset_s)], end_s
            )
        ],
        "gestures": [
            {
                "kind": gesture.kind,
                "onset_s": gesture.onset_s,
                "apex_s": gesture.apex_s,
                "release_s": gesture.apex_s + gesture.hold_s,
                "offset_s": gesture.offset_s,
                "parts": {part.channel: part.amplitude for part in gesture.parts},
                "lags_s": {part.channel: part.lag_s for part in gesture.parts},
            }
            for gesture in script.gestures
            if inside(gesture.onset_s)
        ],
        "breaths": [
            {
                "onset_s": breath.onset_s,
                "full_s": breath.full_s,
                "end_s": breath.end_s,
                "depth": breath.depth,
                "spoken": breath.spoken,
            }
            for breath in script.breaths
            if inside(breath.onset_s)
        ],
        "nods": [
            {"onset_s": nod.onset_s, "depth_deg": nod.depth_deg}
            for nod in script.nods
            if inside(nod.onset_s)
        ],
        "mouth_rests": [
            run
            for run in _runs(performance, performance.lip_gap < _SEALED)
            if run["offset_s"] - run["onset_s"] >= _REST_S
        ],
        "lost": _runs(performance, ~performance.tracked),
        "missing": _runs(performance, ~performance.written),
        "glitches": [
            {"frame": frame, "channels": list(glitched_channels(kind))}
            for frame, kind in performance.glitch_frames
        ],
    }


def _runs(performance: Performance, mask: Any) -> list[dict[str, float]]:
    """Return the runs of frames where a mask holds."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], np.asarray(mask, dtype=np.int8), [0]))))
    return [
        {
            "first_frame": int(first),
            "frames": int(stop - first),
            "onset_s": float(performance.times_s[first]),
            "offset_s": float(performance.times_s[stop - 1]),
        }
        for first, stop in zip(edges[::2], edges[1::2], strict=True)
    ]
