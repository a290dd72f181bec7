# SPDX-License-Identifier: GPL-3.0-or-later
"""Maya ASCII scenes with baked markers: units, parents, gaps, damage, and real ones."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from devtools.made_markers import NAMES, maya, places, seen
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.formats.maya_scene import Transform
from facemocap_addon.core.formats.read_options import ReadOptions
from facemocap_addon.core.points import points_of
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take

Load = Callable[[bytes], Take]
MADE = maya(places() / 10)


def test_a_made_up_scene(load: Load):
    take = load(MADE)
    points = points_of(take)
    assert take.source.format == "maya_ascii"
    assert points.names == NAMES
    assert points.valid.all()
    assert points.positions == pytest.approx(places() / 1000, abs=1.5e-7)
    assert (take.times == np.arange(40) / 60).all()
    assert take.timebase.rate == 60


@pytest.mark.parametrize("change", [b"\r\n", b"\r"])
def test_line_ends_of_other_systems(change: bytes, load: Load):
    assert load(MADE.replace(b"\n", change)).digest == load(MADE).digest


@pytest.mark.parametrize(
    ("word", "metres"), [("centimeter", 0.01), ("mm", 1e-3), ("m", 1.0), ("inch", 0.0254)]
)
def test_units_of_length(word: str, metres: float, load: Load):
    take = load(maya(places() * 0.001 / metres, units=f"-l {word} -a degree -t ntsc", step=0.5))
    assert points_of(take).positions == pytest.approx(places() / 1000, abs=1.5e-7)
    assert take.rate_hz == pytest.approx(60)


@pytest.mark.parametrize(
    ("word", "step", "rate"),
    [
        ("film", 0.4, 60), ("pal", 1.0, 25), ("ntsc", 1.0, 30), ("ntscf", 0.5, 120),
        ("game", 0.25, 60), ("show", 1.0, 48), ("29.97fps", 1.0, 29.97), ("120fps", 1.0, 120),
        ("sec", 0.02, 50),
    ],
)  # fmt: skip
def test_units_of_time(word: str, step: float, rate: float, load: Load):
    take = load(maya(places() / 10, units=f"-l cm -t {word}", step=step))
    assert take.times == pytest.approx(np.arange(40) / rate)


def test_a_scene_without_units(tmp_path: Path):
    path = tmp_path / "take.ma"
    path.write_bytes(maya(places() / 10, units="", step=1.0))
    take = read_take(path)
    assert points_of(take).positions == pytest.approx(places() / 1000, abs=1.5e-7)
    assert any("centimetres" in note for note in take.assumptions)
    assert take.duration_s == pytest.approx(39 / 24)
    assert any("24 frames a second are taken" in warning for warning in take.warnings)
    assert read_take(path, ReadOptions(rate_hz=50.0)).duration_s == pytest.approx(39 / 50)


def test_keys_that_maya_rounded(load: Load):
    """59.94 Hz in ticks of 1/6000 s: steps of 100 ticks and now and then one more."""
    ticks = np.round(np.arange(40) * 6000 / 59.94)
    lines = MADE.decode().split("\n")
    for number, line in enumerate(lines):
        if '".ktv[' in line:
            head, numbers = line.split(']"  ')
            values = numbers.rstrip(";").split()[1::2]
            keys = " ".join(f"{t / 250:.6g} {v}" for t, v in zip(ticks, values, strict=True))
            lines[number] = f'{head}]"  {keys};'
    take = load("\n".join(lines).encode())
    assert take.samples == 40
    assert take.times == pytest.approx(np.arange(40) / 59.94, abs=2e-4)
    assert take.rate_hz == pytest.approx(59.94, abs=0.05)


def test_missing_keys_are_gaps(load: Load):
    flags = seen()
    rows = {
        f"{name}_translate{axis}": np.flatnonzero(flags[:, k]).tolist()
        for k, name in enumerate(NAMES)
        for axis in "XYZ"
    }
    points = points_of(load(maya(places() / 10, chosen=rows)))
    assert (points.valid == flags).all()
    assert points.positions[flags] == pytest.approx((places() / 1000)[flags], abs=1.5e-7)


def test_lost_frames_of_all_markers_are_gaps(load: Load):
    rows = [*range(12), *range(17, 40)]
    keyed = {f"{name}_translate{axis}": rows for name in NAMES for axis in "XYZ"}
    take = load(maya(places() / 10, chosen=keyed))
    assert take.times == pytest.approx(np.arange(40) / 60)
    assert np.flatnonzero(~take.valid.any(axis=1)).tolist() == list(range(12, 17))


def test_drawn_keys_are_joined_by_lines(load: Load):
    rows = {"Chin_translateY": [0, 39]}
    take = load(maya(places() / 10, chosen=rows))
    chin = points_of(take).positions[:, NAMES.index("Chin"), 1] * 1000
    first, last = places()[[0, 39], NAMES.index("Chin"), 1]
    assert chin == pytest.approx(np.linspace(first, last, 40), abs=2e-4)
    assert any('"Chin" has keys on a few frames only' in warning for warning in take.warnings)


def test_an_axis_without_keys_stands_where_it_was_set(load: Load):
    data = re.sub(rb'connectAttr "Chin_translateZ.o"[^\n]*\n', b"", MADE)
    data = data.replace(
        b'"Chin" -p "Markers";', b'"Chin" -p "Markers";\n\tsetAttr ".t" -type "double3" 1 2 8.5 ;'
    )
    chin = points_of(load(data)).positions[:, NAMES.index("Chin")]
    assert chin[:, 2] == pytest.approx(np.full(40, 0.085), abs=1e-8)
    assert chin[:, 1] == pytest.approx(places()[:, NAMES.index("Chin"), 1] / 1000, abs=1.5e-7)


def test_the_group_above_is_heeded(load: Load):
    """Markers in a Z-up group that is turned, scaled and moved: Y up in the world."""
    above = (
        '\tsetAttr ".t" -type "double3" 0 5 -10 ;',
        '\tsetAttr ".r" -type "double3" -90 0 0 ;',
        '\tsetAttr ".s" -type "double3" 2 2 2 ;',
    )
    world = places() / 10
    local = (world - [0, 5, -10]) / 2
    local = np.stack([local[..., 0], -local[..., 2], local[..., 1]], axis=-1)
    take = load(maya(local, above=above))
    assert points_of(take).positions == pytest.approx(places() / 1000, abs=2e-7)


@pytest.mark.parametrize("order", range(6))
def test_orders_of_turns(order: int):
    """Against the product of the three turns, the first letter applied first."""
    node = Transform("|a", "", {"rx": 20.0, "ry": -35.0, "rz": 50.0, "ro": float(order), "sy": 3.0})
    turns = {}
    for axis, angle in (("x", 20.0), ("y", -35.0), ("z", 50.0)):
        c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        turns[axis] = np.array(
            {
                "x": [[1, 0, 0], [0, c, -s], [0, s, c]],
                "y": [[c, 0, s], [0, 1, 0], [-s, 0, c]],
                "z": [[c, -s, 0], [s, c, 0], [0, 0, 1]],
            }[axis]
        )
    first, second, third = ("xyz", "yzx", "zxy", "xzy", "yxz", "zyx")[order]
    expected = turns[third] @ turns[second] @ turns[first] @ np.diag([1.0, 3.0, 1.0])
    assert node.matrix() == pytest.approx(expected)


def test_a_group_that_moves_is_told(load: Load):
    curve = 'createNode animCurveTL -n "g";\n\tsetAttr -s 2 ".ktv[0:1]"  0 1 16 2;\n'
    data = MADE.replace(b"connectAttr", f'{curve}connectAttr "g.o" "Markers.tx";\nconnectAttr'
                        .encode(), 1)  # fmt: skip
    take = load(data)
    assert any('"Markers" moves: places are relative to it' in w for w in take.warnings)


def test_curves_through_blends_paths_and_full_names(load: Load):
    data = MADE.replace(b'"Chin.ty"', b'"|Markers|Chin.translateY"')
    data = data.replace(
        b'connectAttr "Mouth_L_translateX.o" "Mouth_L.tx";',
        b'createNode pairBlend -n "pairBlend1";\n'
        b'connectAttr "Mouth_L_translateX.o" "pairBlend1.itx1";\n'
        b'connectAttr "pairBlend1.otx" "Mouth_L.tx";',
    )
    assert load(data).digest == load(MADE).digest


def test_z_up_scenes(load: Load):
    """The up axis of a scene stands in its script nodes."""
    table = np.stack([places()[..., 0], -places()[..., 2], places()[..., 1]], axis=-1) / 10
    names = [f"m{k}" for k in range(len(NAMES))]
    script = b'createNode script -n "s";\n\tsetAttr ".b" -type "string" "upAxis -ax \\"z\\" ;";\n'
    data = maya(table, names).replace(b"connectAttr", script + b"connectAttr", 1)
    assert points_of(load(data)).positions == pytest.approx(places() / 1000, abs=1.5e-7)


# --- real recordings -----------------------------------------------------------------------------


@pytest.mark.shared
@pytest.mark.parametrize(("name", "samples"), [("Jaw", 1590), ("Eyebrows", 902)])
def test_real_scenes_equal_an_independent_reading(name: str, samples: int, shared: Path):
    path = shared / "takes" / "maya_markers" / f"AnimFace_{name}MoCap.ma"
    began = time.perf_counter()
    take = read_take(path)
    assert time.perf_counter() - began < 6.0
    points = points_of(take)
    assert (take.samples, len(points)) == (samples, 41)
    assert take.rate_hz == pytest.approx(60)
    assert take.duration_s == pytest.approx((samples - 1) / 60)
    assert take.valid.all()
    lines = path.read_text(encoding="cp1252").splitlines()
    keys: dict[str, list[float]] = {}
    found: list[float] = []
    taking = False
    for line in lines:
        if line.startswith("createNode "):
            found = keys.setdefault(line.split('"')[1].lower(), [])
            taking = False
        elif '".ktv[' in line:
            taking = True
        if taking:
            numbers = line.rpartition(']"')[2].replace(";", " ")
            found += [float(word) for word in numbers.split()]
            taking = ";" not in line
    for k, point in enumerate(points.names):
        for axis in range(3):
            curve = np.array(keys[f"{point}_translate{'XYZ'[axis]}".lower()]).reshape(-1, 2)
            assert curve[:, 0] == pytest.approx(0.4 * np.arange(samples))
            assert np.abs(points.positions[:, k, axis] - curve[:, 1] / 100).max() < 1e-7
    assert take.source.details["time unit"] == "film"


# --- damage --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (MADE[: len(MADE) // 2], "is cut off or damaged"),
        (MADE[: MADE.index(b"connectAttr")], "is cut off or damaged"),
        (MADE[: MADE.index(b"connectAttr") + 900], "is cut off or damaged"),
        (MADE[:400], "is cut off or damaged"),
        (MADE.replace(b"animCurveTL", b"animCurveTU"), "nothing in it has keys on its translation"),
        (b"//Maya ASCII 2017 scene\n// End of a.ma\n", "nothing in it has keys"),
        (MADE.replace(b"0.4 1", b"0.4 x", 1), "is cut off or damaged"),
        (maya(places(1) / 10), "has only one sample"),
        (maya(places() * 1e9), "is damaged: its points lie"),
    ],
    ids=range(9),
)
def test_maya_refusals(data: bytes, says: str, load: Load):
    with pytest.raises(FacemocapError) as caught:
        load(data)
    assert says in caught.value.what
    assert caught.value.todo


def test_a_scene_that_is_cut_anywhere_is_refused(load: Load):
    end = MADE.index(b"// End of")
    for kept in np.linspace(200, end - 2, 60).astype(int).tolist():
        with pytest.raises(FacemocapError, match=r"cut off or damaged|no markers"):
            load(MADE[:kept])
