# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of 60 and 100 MB: real ones, repeated until they are so large.

Real ones are looked for in $FACEMOCAP_SHARED or in shared/ beside the checkout; where one is
missing, the made-up recording of its format is repeated instead.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from devtools.fuzz import find_seed_folders, made_up
from devtools.made_recordings import NAMES, mediapipe_frames, packet, tape
from facemocap_addon.core.formats.live_link_order import ANGLES, COEFFICIENTS

from . import ROOT

#: Makes about so many bytes.
Maker = Callable[[int], Iterable[bytes]]
_STEP_HZ = 30


def real(name: str, form: str) -> bytes:
    """A real recording by its file's name, else the made-up one of its format."""
    found = (path for folder in find_seed_folders() for path in sorted(folder.rglob(name)))
    path = next(found, None)
    return path.read_bytes() if path is not None else made_up()[form]


def write(path: Path, make: Maker, size: int) -> None:
    """Write a large recording."""
    with path.open("wb") as file:
        file.writelines(make(size))


def _rows(
    lines: Sequence[bytes], size: int, clock: Callable[[int], bytes], cells: int, mark: bytes
) -> Iterable[bytes]:
    """Lines one after another and again, their first ``cells`` replaced by a clock that goes on."""
    rest = [line.split(mark, cells)[cells] for line in lines if line.strip()]
    row = 0
    while size > 0:
        made = clock(row) + mark + rest[row % len(rest)] + b"\n"
        size -= len(made)
        row += 1
        yield made


def live_link_csv(size: int) -> Iterable[bytes]:
    """Live Link Face CSV: ten decimals."""
    header, *lines = _take_lines()
    yield header + b"\n"
    yield from _rows(lines, size, _timecode, 1, b",")


def _take_lines() -> list[bytes]:
    path = ROOT / "sample_rigs" / "sample_take.csv"
    found = (p for folder in find_seed_folders() for p in folder.rglob("alexdjulin_alex_rom_3.csv"))
    return next(found, path).read_bytes().splitlines()


def _timecode(row: int) -> bytes:
    second, frame = divmod(2 * row, 60)
    return b"%02d:%02d:%02d:%02d.000" % (second // 3600, second // 60 % 60, second % 60, frame)


def openface(size: int) -> Iterable[bytes]:
    """OpenFace: hundreds of columns, blanks after the commas."""
    header, *lines = real("pyfeat_OpenFace_Test.csv", "openface_csv").splitlines()
    yield header + b"\n"
    face = b" 0, " if b"face_id" in header else b" "
    yield from _rows(
        lines,
        size,
        lambda row: b"%d,%s%.3f" % (row + 1, face, row / _STEP_HZ),
        header.split(b",").index(b" confidence"),
        b",",
    )


def tracked_points(size: int) -> Iterable[bytes]:
    """Tracked points: 17 digits, and NA while a point is lost."""
    header, *lines = real("blenderFace_Subject_01.csv", "tracked_points").splitlines()
    yield header + b"\n"
    yield from _rows(lines, size, lambda row: b"%d" % row, 1, b";")


def lost_points(size: int) -> Iterable[bytes]:
    """The same where two points of three are lost."""
    header, *lines = real("blenderFace_Subject_01.csv", "tracked_points").splitlines()
    yield header + b"\n"
    thin: list[bytes] = []
    for line in lines[-400:]:
        cells = line.split(b";")
        for first in range(1, len(cells) - 2, 3):
            if (first // 3 + len(thin)) % 3:
                cells[first : first + 3] = [b"NA"] * 3
        thin.append(b";".join(cells))
    yield from _rows(thin, size, lambda row: b"%d" % row, 1, b";")


def long_numbers(size: int) -> Iterable[bytes]:
    """A table as pandas writes it: what repr gives, exponents, nan for a frame without a face."""
    yield b",".join([b"time", *(name.encode() for name in NAMES)]) + b"\n"
    lines = [
        b"0," + b",".join(b"nan" if row % 4 == 0 else repr(x / 3).encode() for x in cells)
        for row, cells in enumerate(_coefficients())
    ]
    yield from _rows(lines, size, lambda row: repr(row / 60).encode(), 1, b",")


def quoted(size: int) -> Iterable[bytes]:
    """Live Link Face CSV with every cell between quotation marks."""
    for line in live_link_csv(int(size * 0.85)):
        yield b'"' + line[:-1].replace(b",", b'","') + b'"\n'


def _coefficients() -> list[list[float]]:
    """Rows of the 52 coefficients."""
    header, *lines = csv.reader(line.decode() for line in _take_lines())
    spelling = {cell[:1].lower() + cell[1:]: column for column, cell in enumerate(header)}
    places = [spelling[name] for name in NAMES]
    whole = [row for row in lines if len(row) > max(places)]
    return [[float(row[place]) for place in places] for row in whole]


def face_cap(size: int) -> Iterable[bytes]:
    """Face Cap's text."""
    lines = real("facecap_as_FaceCap_recording.txt", "face_cap_text").splitlines()
    samples = [line for line in lines if line.startswith(b"k,")]
    yield b"".join(line + b"\n" for line in lines if not line.startswith(b"k,"))
    yield from _rows(samples, size, lambda row: b"k,%d" % (1000 * row // 60), 2, b",")


def trc(size: int) -> Iterable[bytes]:
    """TRC markers."""
    name = "AnimFace_JawMoCap_real_markers_60Hz.trc"
    lines = real(name, "trc").replace(b"\r", b"").split(b"\n")
    first = next(k for k, line in enumerate(lines) if line.startswith(b"1\t"))
    yield b"".join(line + b"\n" for line in lines[:first])
    yield from _rows(lines[first:], size, lambda row: b"%d\t%.5f" % (row + 1, row / 60), 2, b"\t")


def packets(size: int) -> Iterable[bytes]:
    """Packets of iFacialMocap and, from the middle on, of Facemotion3D."""
    lines = real("published_packets.txt", "ifacialmocap_packets").splitlines()
    variants: list[bytes] = []
    for line, sign in ((lines[0], b"-"), (lines[1], b"&" if b"&" in lines[1] else b"-")):
        variants.append(b"")
        for turn in range(100):
            value = re.compile(rb"(?<=%s)\d+(?=\|)" % sign)
            variants[-1] += value.sub(lambda m, t=turn: b"%d" % ((int(m[0]) + t) % 100), line)
            variants[-1] += b"\n"
    for variant in variants:
        yield variant * max(size // 2 // len(variant), 1)


def udp_tape(size: int) -> Iterable[bytes]:
    """A tape of Live Link Face's network packets."""
    rows = [[*row, *[0.0] * len(ANGLES)] for row in _coefficients()]
    one = len(packet(rows[0], 0)) + 4
    number = size // one
    if len(rows[0]) != len(COEFFICIENTS) + len(ANGLES):
        raise ValueError("a packet has another number of values")
    yield tape([packet(rows[k % len(rows)], 1000 + k) for k in range(number)])


def maya(size: int) -> Iterable[bytes]:
    """A Maya scene whose curves go on and on."""
    text = real("AnimFace_JawMoCap.ma", "maya_ascii").replace(b"\r", b"")
    times = max(1, size // len(text))
    keys = re.compile(rb'\tsetAttr -s \d+ "\.ktv";\n(?:\tsetAttr "\.ktv\[\d+:\d+\]"[^;]*;\n)+')
    at = 0
    for block in keys.finditer(text):
        yield text[at : block.start()]
        yield _longer_curve(block[0], times)
        at = block.end()
    yield text[at:]


def _longer_curve(block: bytes, times: int) -> bytes:
    words = b" ".join(re.findall(rb'"\.ktv\[\d+:\d+\]"([^;]*);', block)).split()
    frames, values = [float(word) for word in words[::2]], words[1::2]
    length = 2 * frames[-1] - frames[-2] - frames[0]
    pairs = [
        b"%.12g %s" % (frame + turn * length, value)
        for turn in range(times)
        for frame, value in zip(frames, values, strict=True)
    ]
    out = [b'\tsetAttr -s %d ".ktv";\n' % len(pairs)]
    for first in range(0, len(pairs), 250):
        piece = pairs[first : first + 250]
        rows = b"\n\t\t".join(b" ".join(piece[k : k + 4]) for k in range(0, len(piece), 4))
        out.append(b'\tsetAttr ".ktv[%d:%d]"  %s;\n' % (first, first + len(piece) - 1, rows))
    return b"".join(out)


def _listed(texts: Sequence[str], size: int, frame: Callable[[int, str], str]) -> Iterable[bytes]:
    """Frames one after another and again, with commas between them."""
    row = 0
    while size > 0:
        made = (", " if row else "") + frame(row, texts[row % len(texts)])
        size -= len(made)
        row += 1
        yield made.encode()


def _records() -> list[str]:
    return [json.dumps(dict(zip(NAMES, row, strict=True))) for row in _coefficients()]


def json_records(size: int) -> Iterable[bytes]:
    """A list of frames with a mapping of coefficients in each."""
    yield b'{"frames": ['
    yield from _listed(
        _records(), size, lambda k, text: f'{{"timestamp": {k / 60!r}, "blendShapes": {text}}}'
    )
    yield b"]}"


def json_lines(size: int) -> Iterable[bytes]:
    """The same, a line a frame."""
    make = _listed(_records(), size, lambda k, t: f'{{"timestamp": {k / 60!r}, "shapes": {t}}}')
    for row, made in enumerate(make):
        yield made[2:] + b"\n" if row else made + b"\n"


def audio2face(size: int) -> Iterable[bytes]:
    """Audio2Face's export: names, and rows of numbers."""
    yield json.dumps({"exportFps": 60, "facsNames": list(NAMES)})[:-1].encode()
    yield b', "weightMat": ['
    yield from _listed([json.dumps(row) for row in _coefficients()], size, lambda _k, text: text)
    yield b"]}"


def audio2face_stream(size: int) -> Iterable[bytes]:
    """Audio2Face's saved stream: names beside values in each frame."""
    names = json.dumps(list(NAMES))
    yield b"{"
    yield from _listed(
        [json.dumps(row) for row in _coefficients()],
        size,
        lambda k, text: (
            f'"{k}": {{"Audio2Face": {{"Facial": {{"Names": {names}, "Weights": {text}}}}}}}'
        ),
    )
    yield b"}"


def _azure_frames() -> list[dict[str, Any]]:
    document = json.loads(real("talking_avatar_blendData.json", "azure_viseme_json"))
    if "blendshapes" in document[0]:
        return [frame["blendshapes"] for frame in document]
    order = [*NAMES, "headRoll", "leftEyeRoll", "rightEyeRoll"]
    rows = [row for chunk in document for row in chunk["BlendShapes"]]
    return [dict(zip(order, row, strict=True)) for row in rows]


def azure_frames(size: int) -> Iterable[bytes]:
    """Azure's visemes as programs wrap them."""
    texts = [json.dumps(frame, separators=(",", ":")) for frame in _azure_frames()]
    yield b"["
    yield from _listed(
        texts, size, lambda k, text: f'{{"time":{round(k / 60, 3)},"blendshapes":{text}}}'
    )
    yield b"]"


def azure_chunks(size: int) -> Iterable[bytes]:
    """Azure's visemes as the service sends them."""
    rows = [json.dumps([*frame.values()], separators=(",", ":")) for frame in _azure_frames()]
    chunks = [",".join(rows[first : first + 15]) for first in range(0, len(rows) - 15, 15)]
    yield b"["
    yield from _listed(
        chunks, size, lambda k, text: f'{{"FrameIndex":{15 * k},"BlendShapes":[{text}]}}'
    )
    yield b"]"


def _mediapipe(size: int, *, landmarks: bool) -> Iterable[bytes]:
    table = np.array(_coefficients()[:200])[:, :51]
    matrices = np.tile(np.eye(4), (len(table), 1, 1))
    matrices[:, :3, 3] = np.random.default_rng(0).normal([0, 20, -60], 10, (len(table), 3))
    frames = mediapipe_frames(table, matrices)
    for row, frame in enumerate(frames):
        del frame["timestampMs"]
        places = np.random.default_rng(row).random((478, 3)).round(6).tolist()
        frame["faceLandmarks"] = [[dict(zip("xyz", place, strict=True)) for place in places]]
        if not landmarks:
            del frame["faceLandmarks"]
    texts = [json.dumps(frame)[1:] for frame in frames]
    yield b"["
    yield from _listed(texts, size, lambda k, t: f'{{"timestampMs": {33 * k + k // 3}, {t}')
    yield b"]"


def mediapipe(size: int) -> Iterable[bytes]:
    """MediaPipe's results: a list of names and scores, and a matrix, in each frame."""
    return _mediapipe(size, landmarks=False)


def mediapipe_landmarks(size: int) -> Iterable[bytes]:
    """The same with 478 landmarks in each frame."""
    return _mediapipe(size, landmarks=True)
