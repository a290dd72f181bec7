# SPDX-License-Identifier: GPL-3.0-or-later
"""Small recordings of optical markers in each format, made up place by place, to test with."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

INTEL, DEC, MIPS = 84, 85, 86
BLOCK = 512
#: Millimetres of a step where places are integers.
SCALE = 0.05
#: Where markers of a face are in millimetres: to its left, up, ahead.
FACE = {
    "ForeHead_M": (0, 60, 5), "Lbrow_In": (15, 35, 2), "Rbrow_In": (-15, 35, 2),
    "Lbrow_Out": (45, 30, -15), "Rbrow_Out": (-45, 30, -15), "Leye_Out": (48, 15, -20),
    "Reye_Out": (-48, 15, -20), "NoseTip": (0, -8, 20), "Lcheek": (50, -15, -25),
    "Rcheek": (-50, -15, -25), "Mouth_L": (26, -38, -4), "Mouth_R": (-26, -38, -4),
    "Mouth_Up": (0, -30, 10), "Mouth_Down": (0, -46, 8), "Chin": (0, -68, 4),
}  # fmt: skip
NAMES = tuple(FACE)


def places(frames: int = 40, seed: int = 0) -> np.ndarray:
    """Places ``(frames, p, 3)`` of a talking face in millimetres, our axes, 1.2 m above the floor.

    Whole hundredths, so that text holds them exactly.
    """
    rng = np.random.default_rng(seed)
    still = np.array(list(FACE.values()), float) + np.array([30.0, 1200.0, 80.0])
    moved = np.cumsum(rng.normal(0, 0.4, (frames, len(FACE), 3)), axis=0)
    return (still + moved).round(2)


def seen(frames: int = 40, seed: int = 1, share: float = 0.9) -> np.ndarray:
    """Which points ``(frames, p)`` were seen; each of them at least once."""
    flags = np.random.default_rng(seed).random((frames, len(FACE))) < share
    flags[0] = True
    return flags


# --- C3D -----------------------------------------------------------------------------------------


def _order(processor: int) -> str:
    return ">" if processor == MIPS else "<"


def floats(numbers: Any, processor: int) -> bytes:
    """32-bit floats as the processor stores them."""
    array = np.asarray(numbers, np.float32).ravel()
    if processor != DEC:
        return array.astype(f"{_order(processor)}f4").tobytes()
    # a VAX float is a quarter of what its bits say to others, its halves the other way about
    return (array * np.float32(4)).astype("<f4").view("<u2").reshape(-1, 2)[:, ::-1].tobytes()


def integers(numbers: Any, processor: int) -> bytes:
    """16-bit integers as the processor stores them."""
    array = np.asarray(numbers).ravel().astype(np.int64) & 0xFFFF
    return array.astype(f"{_order(processor)}u2").tobytes()


def _parameter(group: int, name: str, value: Any, processor: int) -> bytes:
    """A parameter of texts, floats or integers, by the type of its value."""
    if isinstance(value, (list, tuple)) and value and isinstance(value[0], str):
        width = max(map(len, value))
        kind, sizes = -1, [width, len(value)]
        data = "".join(text.ljust(width) for text in value).encode("latin-1")
    elif isinstance(value, str):
        kind, sizes, data = -1, [len(value)], value.encode("latin-1")
    else:
        array = np.asarray(value)
        real = array.dtype.kind == "f"
        kind, sizes = (4, list(array.shape)) if real else (2, list(array.shape))
        data = floats(array, processor) if real else integers(array, processor)
    body = struct.pack("bB", kind, len(sizes)) + bytes(sizes) + data + b"\0"
    head = struct.pack("bb", len(name), group) + name.encode()
    return head + struct.pack(f"{_order(processor)}H", len(body) + 2) + body


def parameter_blocks(groups: dict[str, dict[str, Any]], processor: int) -> bytes:
    """The parameter section: whole blocks that begin with their number and the processor."""
    body = b""
    for number, name in enumerate(groups, start=1):
        head = struct.pack("bb", len(name), -number) + name.encode()
        body += head + struct.pack(f"{_order(processor)}H", 3) + b"\0"
        for key, value in groups[name].items():
            body += _parameter(number, key, value, processor)
    blocks = -(-(len(body) + 6) // BLOCK)
    return (bytes([1, 0x50, blocks, processor]) + body).ljust(blocks * BLOCK, b"\0")


def c3d(
    table: np.ndarray,
    *,
    processor: int = INTEL,
    real: bool = True,
    valid: np.ndarray | None = None,
    analog: int = 0,
    header: dict[str, float] | None = None,
    groups: dict[str, dict[str, Any]] | None = None,
    padded: bool = True,
) -> bytes:
    """A C3D file of places ``(n, p, 3)`` in millimetres.

    Parameters
    ----------
    analog : int
        Analog numbers in each frame.
    header : dict
        What the header says instead; ``scale`` and ``rate`` go for the whole file.
    groups : dict
        What parameters say instead, by group and name; None leaves one out.
    padded : bool
        Whether the file ends with a whole block.
    """
    frames, points = table.shape[:2]
    valid = np.ones((frames, points), bool) if valid is None else valid
    says: dict[str, float] = {
        "points": points, "analog": analog, "first": 1, "last": frames, "scale": SCALE,
        "block": 0, "samples": 1 if analog else 0, "rate": 60.0, **(header or {}),
    }  # fmt: skip
    scale = says["scale"]
    step = -scale if real else scale
    point: dict[str, Any] = {
        "USED": points, "FRAMES": frames, "SCALE": np.float32(step), "DATA_START": 0,
        "RATE": np.float32(says["rate"]), "UNITS": "mm", "X_SCREEN": "+X", "Y_SCREEN": "+Y",
        "LABELS": list(NAMES[:points]),
    }  # fmt: skip
    sections = {"POINT": point, **(groups or {})}
    sections["POINT"] = point = {**point, **sections["POINT"]}
    for key in [key for key, value in point.items() if value is None]:
        del point[key]
    start = 2 + len(parameter_blocks(sections, processor)) // BLOCK
    if point.get("DATA_START") == 0:
        point["DATA_START"] = start
    words = [int(says[key]) for key in ("points", "analog", "first", "last")]
    data = bytes([2, 0x50]) + integers([*words, 10], processor) + floats(step, processor)
    data += integers([int(says["block"]) or start, int(says["samples"])], processor)
    data += floats(says["rate"], processor)
    data = data.ljust(BLOCK, b"\0") + parameter_blocks(sections, processor)
    rows = np.concatenate([table, np.where(valid, 0.0, -1.0)[..., None]], axis=2)
    rows[~valid, :3] = 0.0
    if not real:
        rows[..., :3] = np.round(rows[..., :3] / (scale or SCALE))
    sound = np.arange(frames * analog).reshape(frames, analog) % 900 - 450
    flat = np.concatenate([rows.reshape(frames, -1), sound], axis=1)
    data += floats(flat, processor) if real else integers(flat, processor)
    return data.ljust(-(-len(data) // BLOCK) * BLOCK, b"\0") if padded else data


# --- text ----------------------------------------------------------------------------------------


def trc(
    table: np.ndarray,
    names: Sequence[str] = NAMES,
    *,
    valid: np.ndarray | None = None,
    header: dict[str, object] | None = None,
    ending: str = "\n",
    blank: bool = True,
    trailing: str = "",
) -> bytes:
    """A TRC file; ``header`` is what it says instead, times go by its DataRate."""
    frames, points = table.shape[:2]
    says: dict[str, object] = {
        "DataRate": "60.00", "CameraRate": "60.00", "NumFrames": frames, "NumMarkers": points,
        "Units": "mm", "OrigDataRate": "60.00", **(header or {}),
    }  # fmt: skip
    rate = float(str(says["DataRate"]))
    lines = ["PathFileType\t4\t(X/Y/Z)\tmade_up.trc", "\t".join(says)]
    lines.append("\t".join(map(str, says.values())))
    lines.append("Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t")
    lines.append("\t\t" + "\t".join(f"{axis}{k + 1}" for k in range(points) for axis in "XYZ"))
    lines += [""] if blank else []
    for row in range(frames):
        out = [str(row + 1), f"{row / rate:.5f}"]
        for k in range(points):
            there = valid is None or bool(valid[row, k])
            out += [f"{x:.2f}" if there else "" for x in table[row, k].tolist()]
        lines.append("\t".join(out) + trailing)
    return "".join(line + ending for line in lines).encode()


def maya(
    table: np.ndarray,
    names: Sequence[str] = NAMES,
    *,
    step: float = 0.4,
    units: str = "-l centimeter -a degree -t film",
    above: Sequence[str] = (),
    chosen: dict[str, list[int]] | None = None,
) -> bytes:
    """A Maya ASCII scene with baked markers, places in the scene's unit.

    Parameters
    ----------
    step : float
        Frames from key to key.
    above : sequence of str
        Attributes of the group that the markers are in.
    chosen : dict
        Rows that have keys, by the curve's name; all where a curve is not named.
    """
    lines = ["//Maya ASCII 2017 scene", *([f"currentUnit {units};"] if units else [])]
    lines += ['createNode transform -n "Markers";', *above]
    for name in names:
        lines += [f'createNode transform -n "{name}" -p "Markers";', '\trename -uid "0";']
    for k, name in enumerate(names):
        for axis in range(3):
            curve = f"{name}_translate{'XYZ'[axis]}"
            rows = (chosen or {}).get(curve, list(range(len(table))))
            lines += [f'createNode animCurveTL -n "{curve}";', '\tsetAttr ".tan" 18;']
            lines.append(f'\tsetAttr -s {len(rows)} ".ktv";')
            for at in range(0, len(rows), 250):
                part = rows[at : at + 250]
                keys = " ".join(f"{step * r:.10g} {float(table[r, k, axis])!r}" for r in part)
                lines.append(f'\tsetAttr ".ktv[{at}:{at + len(part) - 1}]"  {keys};')
    for name in names:
        for axis in "XYZ":
            curve = f"{name}_translate{axis}"
            lines.append(f'connectAttr "{curve}.o" "{name}.t{axis.lower()}";')
    return "\n".join([*lines, "// End of made_up.ma", ""]).encode()


def points_text(
    table: np.ndarray,
    names: Sequence[str] = NAMES,
    *,
    valid: np.ndarray | None = None,
    pattern: str = "{name}_{axis}",
    mark: str = ";",
    missing: str = "NA",
    clock: str = "Frame",
) -> bytes:
    """A table of tracked points with a column of frames or seconds and one of words."""
    header = [clock, *(pattern.format(name=n, axis=a) for n in names for a in "xyz"), "Stimulus"]
    lines = [mark.join(header)]
    for row in range(len(table)):
        out = [str(row + 1) if clock == "Frame" else f"{row / 50:.6f}"]
        for k in range(len(names)):
            there = valid is None or bool(valid[row, k])
            out += [f"{x:.6f}" if there else missing for x in table[row, k].tolist()]
        lines.append(mark.join([*out, "happy" if row % 7 == 0 else ""]))
    return ("\n".join(lines) + "\n").encode()


def samples() -> dict[str, bytes]:
    """A sound recording of each format, by the name of its reader's format."""
    table, flags = places(24), seen(24)
    return {
        "c3d": c3d(table, valid=flags, analog=4),
        "trc": trc(table, valid=flags),
        "maya_ascii": maya(table / 10),
        "tracked_points": points_text(table / 1000, valid=flags),
    }
