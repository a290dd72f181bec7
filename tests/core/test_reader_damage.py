# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are cut off, hostile or something else: one clear sentence, and little memory."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from devtools.made_recordings import (
    NAMES,
    face_cap,
    packet,
    packets,
    samples,
    table_text,
    tape,
    values,
)
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.readers import read_take

SAMPLES = samples()


def refusal(tmp_path: Path, data: bytes) -> str:
    path = tmp_path / "take.txt"
    path.write_bytes(data)
    with pytest.raises(FacemocapError) as caught:
        read_take(path)
    error = caught.value
    assert error.what.startswith('"take.txt" ')
    for part in (error.what, error.todo):
        assert part
        assert "\n" not in part
        assert not part.endswith(".")
        assert len(part) < 200
    return str(error)


@pytest.mark.parametrize("name", [name for name in SAMPLES if name.endswith("json")])
@pytest.mark.parametrize("indent", [None, 1])
def test_json_that_is_cut_anywhere_is_refused(name: str, indent: int | None, tmp_path: Path):
    data = json.dumps(json.loads(SAMPLES[name]), indent=indent).encode()
    for kept in np.linspace(len(data) // 3, len(data) - 1, 25).astype(int).tolist():
        said = refusal(tmp_path, data[:kept])
        assert "is cut off in line" in said or "is cut off within a text" in said


def test_json_with_an_error_names_the_place(tmp_path: Path):
    data = json.dumps(json.loads(SAMPLES["arkit_json"]), indent=1).encode()
    lines = data.split(b"\n")
    lines[40] = lines[40].replace(b":", b"=")
    assert "has an error in line 41, column " in refusal(tmp_path, b"\n".join(lines))


QUARTERS = np.full((8, 12), 0.25)
CELLS = [[f"{k / 60:.6f}", *(f"{x:.6f}" for x in row)] for k, row in enumerate(values(8).tolist())]
TAPE = tape([packet(row, k) for k, row in enumerate(values(8, 61).tolist())])


@pytest.mark.parametrize(
    ("data", "last"),
    [
        (face_cap(values(8)), 400),
        (packets(values(8), QUARTERS), 700),
        (packets(values(8), QUARTERS, "&"), 700),
        (table_text(["time", *NAMES], CELLS), 400),
        (TAPE, 250),
        (gzip.compress(TAPE, mtime=0), 300),
    ],
    ids=["face cap", "packets", "packets 2", "table", "tape", "packed tape"],
)
def test_a_cut_end_is_refused_wherever_it_is_cut(data: bytes, last: int, tmp_path: Path):
    # what ends with its last character but the line end is whole
    end = len(data.rstrip(b"\n")) - 1 if data.endswith(b"\n") else len(data) - 1
    for kept in range(end, end - last, -7):
        assert "is cut off" in refusal(tmp_path, data[:kept]), data[kept - 9 : kept]


THREE = {"jawOpen": 0.5, "mouthClose": 0.1, "jawLeft": 0}
WORDS = dict.fromkeys(THREE, "x")
DEEP = b'{"jawOpen":1,"jawLeft":1,"mouthClose":'


def as_json(frames: list[dict[str, object]]) -> bytes:
    return json.dumps(frames).encode()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b'{"blendShapes": [0.1, 0.2, 0.3]}', "holds no frames of named face coefficients"),
        (b'{"blendShapes": {}}', "holds no frames of named face coefficients"),
        (as_json([{**THREE}]), "has only one sample"),
        (as_json([{**WORDS}] * 9), "has no face in any of its 9 samples"),
        (DEEP * 100_000, "nested or numbered beyond measure"),
        (DEEP + b"9" * 10_000 + b"}", "nested or numbered beyond measure"),
        (as_json([{"t": 9 - k, **THREE} for k in range(9)]), "not in the order of time: frame 2 "),
        (
            as_json([{**THREE, **{f"x{k}{j}": 1 for j in range(99)}} for k in range(50)]),
            "more than any take of a face",
        ),
        (b'{"package": "x", "version": "1", "files": ["a", "b"]}', "of no format that"),
        (b"a|b|c\n1|2|3\n", "of no format that"),
        (b"info: this is a letter\n", "of no format that"),
        (gzip.compress(b"a letter"), "a binary file of no format"),
    ],
    ids=range(12),
)
def test_refusals(data: bytes, says: str, tmp_path: Path):
    assert says in refusal(tmp_path, data)


@pytest.mark.parametrize(
    "head",
    [
        ["time", *NAMES, *(f"more {k}" for k in range(4000))],
        ["Timecode", "BlendShapeCount", *NAMES, *(f"more {k}" for k in range(4000))],
    ],
)
def test_a_table_of_names_without_cells_is_refused_at_once(head: list[str], tmp_path: Path):
    """Room for all cells that are named would be gigabytes."""
    said = refusal(tmp_path, table_text(head, []) + b"0\n" * 20_000)
    assert "channels and has 1 values a sample" in said


def test_a_face_cap_take_of_names_without_weights_is_refused_at_once(tmp_path: Path):
    names = ",".join(f"more{k}" for k in range(4000))
    said = refusal(tmp_path, f"bs,jawOpen,{names}\n".encode() + b"k,0\n" * 20_000)
    assert "names 4013 channels and has 2.2 values a sample" in said


def test_frames_of_names_without_values_are_refused_at_once(tmp_path: Path):
    names = [f"more{k}" for k in range(900)]
    frames = [{**THREE, **dict.fromkeys(names, 1)}, *[THREE] * 9000]
    assert "has 3.1 values a sample" in refusal(tmp_path, as_json(frames))
    document = {"names": names, "rows": [[0.5] * 900, *[[]] * 9000]}
    assert "has 0.1 values a sample" in refusal(
        tmp_path, json.dumps({"blendShapes": document}).encode()
    )
    items = "|".join(f"{name}-1" for name in [*NAMES, *names])
    lines = f"{items}|=head#0,0,0|\n" + "jawOpen-1|\n" * 9000
    assert "has 1.11 values a sample" in refusal(tmp_path, lines.encode())


def big(kind: str) -> bytes:
    """A few megabytes that try to become much more."""
    face = '"_neutral":0,"jawOpen":1,"jawLeft":0,"mouthClose":0'
    row = values(1)[0].tolist()
    if kind == "landmarks":
        points = ",".join(['{"x":0.123456,"y":0.123456,"z":0.123456}'] * 478)
        frame = f'{{"faceLandmarks":[[{points}]],{face}}}'
        return f"[{','.join([frame] * 60)}]".encode()
    if kind == "mesh":
        points = ",".join(["[0.1,0.2,0.3]"] * 1220)
        frame = f'{{"vertices":[{points}],{face}}}'
        return f"[{','.join([frame] * 60)}]".encode()
    if kind == "far apart":
        times = [0, 1e8, *(1e8 + k / 10 for k in range(1, 31))]
        return table_text(["time_s", *NAMES], [[time, *row] for time in times])
    if kind == "bars":
        return packets(values(3)) + b"|" * 60_000 + b"\n" + (b"|" * 900 + b"\n") * 1000
    if kind == "empty rows":
        return table_text(["time", *NAMES], []) + b",\n" * 30_000
    assert kind == "empty objects"
    return f"[{{{face}}},{','.join(['{}'] * 100_000)}]".encode()


@pytest.mark.parametrize(
    ("kind", "most"),
    [
        ("landmarks", 4),
        ("mesh", 4),
        ("far apart", 50),
        ("bars", 25),
        ("empty rows", 90),
        ("empty objects", 80),
    ],
)
def test_memory_is_a_small_multiple_of_the_file(kind: str, most: int, tmp_path: Path):
    """``most`` times the file's size, where things of three bytes cost a few words each."""
    path = tmp_path / "take"
    data = big(kind)
    path.write_bytes(data)
    read_take_quietly(path)
    tracemalloc.start()
    try:
        read_take_quietly(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < most * len(data), f"{peak / len(data):.1f} times"


def read_take_quietly(path: Path) -> None:
    try:
        read_take(path)
    except FacemocapError:
        return
