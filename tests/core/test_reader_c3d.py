# SPDX-License-Identifier: GPL-3.0-or-later
"""C3D files: three encodings, integers and floats, headers that lie, real recordings."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from devtools.made_markers import (
    BLOCK,
    DEC,
    FACE,
    INTEL,
    MIPS,
    NAMES,
    SCALE,
    c3d,
    floats,
    parameter_blocks,
    places,
    seen,
)
from facemocap_addon.core.points import Points, points_of
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take

Load = Callable[[bytes], Take]
FOLDER = ("takes", "c3d")
SAMPLE02 = ("pc_real.c3d", "Dec_real.c3d", "DEC_INT.C3D", "sgi_int.c3d")


def by_name(points: Points) -> dict[str, np.ndarray]:
    return {name: points.positions[:, k] for k, name in enumerate(points.names)}


# --- encodings -----------------------------------------------------------------------------------


@pytest.mark.parametrize("processor", [INTEL, DEC, MIPS])
@pytest.mark.parametrize("real", [True, False])
@pytest.mark.parametrize("analog", [0, 6])
def test_all_encodings_give_the_places(processor: int, real: bool, analog: int, load: Load):
    table, flags = places(), seen()
    take = load(c3d(table, processor=processor, real=real, analog=analog, valid=flags))
    points = points_of(take)
    assert take.source.format == "c3d"
    assert points.names == NAMES
    assert (points.valid == flags).all()
    # integers are whole steps; places have hundredths of a millimetre, of which five are a step
    exact = np.round(table / SCALE) * SCALE if not real else table
    assert np.abs(points.positions - exact / 1000)[flags].max() < 1.5e-7
    assert take.times == pytest.approx(np.arange(40) / 60, abs=1e-12)
    assert take.timebase.rate == 60
    assert ("analog channels not read" in take.source.details) == bool(analog)


def test_a_vax_float_is_what_digital_says():
    """Sign, exponent with an excess of 128, and a fraction whose first bit is not written."""
    assert floats([1.0], DEC) == bytes.fromhex("80400000")
    assert floats([-0.1], DEC) == bytes.fromhex("ccbecdcc")
    assert floats([0.0], DEC) == bytes(4)


# --- what the parameters say ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "metres"),
    [("mm", 1e-3), ("mm  ", 1e-3), ("cm", 1e-2), ("m", 1.0), ("mete", 1.0), ("MM", 1e-3)],
)
def test_units_of_the_file(unit: str, metres: float, load: Load):
    table = places() * 0.001 / metres
    take = load(c3d(table, groups={"POINT": {"UNITS": unit}}))
    assert points_of(take).positions == pytest.approx(places() / 1000, abs=2e-7)
    assert not any("unit" in note.lower() for note in (*take.assumptions, *take.warnings))


@pytest.mark.parametrize(("factor", "word"), [(1.0, "milli"), (0.1, "centi"), (0.001, "metres")])
@pytest.mark.parametrize("unit", [None, "", "cubits"])
def test_a_unit_is_guessed_from_the_size_of_a_face(
    factor: float, word: str, unit: str | None, load: Load
):
    take = load(c3d(places() * factor, groups={"POINT": {"UNITS": unit}}))
    assert points_of(take).positions == pytest.approx(places() / 1000, abs=2e-7)
    assert any(word in note and "taken" in note for note in take.assumptions)


def test_a_unit_that_cannot_be_is_not_believed(load: Load):
    take = load(c3d(places() / 1000, groups={"POINT": {"UNITS": "mm"}}))
    assert points_of(take).positions == pytest.approx(places() / 1000, abs=2e-7)
    assert any("unit is mm" in warning for warning in take.warnings)


def test_points_of_no_unit_that_makes_a_face_are_scaled(load: Load):
    take = load(c3d(places() * 0.004, groups={"POINT": {"UNITS": None}}))
    found = points_of(take).positions
    factor = float(found[0, 0, 1] / places()[0, 0, 1])
    assert found == pytest.approx(places() * factor, rel=1e-5, abs=1e-6)
    still = np.array(list(FACE.values()))
    assert factor * np.ptp(still, axis=0).max() == pytest.approx(0.15, rel=0.1)
    assert any("scaled to 15 cm" in warning for warning in take.warnings)


#: Axes of a file to the subject's left, up and ahead, and what it says of its screen.
SCREENS = [
    ((0, 1, 2), (1, 1, 1), "+X", "+Y"),
    ((1, 2, 0), (1, 1, 1), "+Y", "+Z"),
    ((0, 2, 1), (1, 1, -1), "+X", "+Z"),
    ((2, 0, 1), (-1, 1, -1), "-Z", "+X"),
]


def turned(table: np.ndarray, order: tuple[int, ...], signs: tuple[int, ...]) -> np.ndarray:
    out = np.empty_like(table)
    for ours, (axis, sign) in enumerate(zip(order, signs, strict=True)):
        out[..., axis] = sign * table[..., ours]
    return out


@pytest.mark.parametrize(
    ("screen", "told"),
    [
        (screen, told)
        for screen in SCREENS
        for told in ("by both", "by names", "by the screen", "by the curve")
        # without a word of it nobody would take X for up
        if (screen[3], told) != ("+X", "by the curve")
    ],
)
def test_axes_become_ours(screen: Any, told: str, load: Load):
    order, signs, right, up = screen
    has_screen, has_names = told in ("by both", "by the screen"), told in ("by both", "by names")
    says = {
        "X_SCREEN": right if has_screen else None,
        "Y_SCREEN": up if has_screen else None,
        "LABELS": list(NAMES) if has_names else None,
    }
    take = load(c3d(turned(places(), order, signs), groups={"POINT": says}))
    assert points_of(take).positions == pytest.approx(places() / 1000, abs=2e-7)


def test_names_are_believed_before_the_screen(load: Load):
    take = load(c3d(turned(places(), *SCREENS[1][:2]), groups={"POINT": {"Y_SCREEN": "+Y"}}))
    assert points_of(take).positions == pytest.approx(places() / 1000, abs=2e-7)
    assert any("the names are believed" in warning for warning in take.warnings)


def test_a_curve_without_names_tells_the_front(load: Load):
    """A bent sheet of numbered points that looks along -X, Z up."""
    side, height = np.meshgrid(np.linspace(-60, 60, 5), np.linspace(0, 130, 5))
    ahead = 40 - side**2 / 60
    sheet = np.stack([-ahead, -side, height], axis=-1).reshape(1, -1, 3)
    sheet = sheet + np.array([500.0, 0, 1500])
    table = sheet + np.random.default_rng(0).normal(0, 0.5, (20, 25, 3))
    group = {"LABELS": None, "X_SCREEN": None, "Y_SCREEN": "+Z"}
    take = load(c3d(table, groups={"POINT": group}))
    ours = np.stack([-table[..., 1], table[..., 2], -table[..., 0]], axis=-1) / 1000
    assert points_of(take).positions == pytest.approx(ours, abs=2e-7)
    assert any("-X, by its curve" in note for note in take.assumptions)


def test_sides_of_the_viewer_are_told(load: Load):
    swap = str.maketrans("LR", "RL")
    labels = [name.translate(swap) for name in NAMES]
    take = load(c3d(places(), groups={"POINT": {"LABELS": labels}}))
    assert points_of(take).positions == pytest.approx(places() / 1000, abs=2e-7)
    assert any("as the viewer sees them" in warning for warning in take.warnings)


# --- names ---------------------------------------------------------------------------------------


def test_labels_in_several_parameters(load: Load):
    labels = {"LABELS": list(NAMES[:6]), "LABELS2": list(NAMES[6:11]), "LABELS3": list(NAMES[11:])}
    assert points_of(load(c3d(places(), groups={"POINT": labels}))).names == NAMES


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["Bob:a", "Bob:b", "Bob:c"], ("a", "b", "c")),
        (["a", "b"], ("a", "b", "point 3")),
        (["a", "b", "c", "d", "e"], ("a", "b", "c")),
        (["a", "a", "*12"], ("a", "a 2", "*12")),
        (None, ("point 1", "point 2", "point 3")),
        (["a  ", "", "ä"], ("a", "point 2", "ä")),
    ],
)
def test_labels_of_all_kinds(labels: list[str] | None, names: tuple[str, ...], load: Load):
    take = load(c3d(places()[:, 2:5], groups={"POINT": {"LABELS": labels}}))
    assert points_of(take).names == names
    if labels and labels[0] == "Bob:a":
        assert take.channels[0].original == "Bob:a"


def test_results_of_a_body_model_are_no_points(load: Load):
    labels = [*NAMES[:12], "LKneeAngle", "RKneeAngle", "GRF"]
    point = {"LABELS": labels, "ANGLES": ["LKneeAngle", "RKneeAngle"], "FORCES": ["GRF"]}
    take = load(c3d(places(), groups={"POINT": point}))
    assert points_of(take).names == NAMES[:12]
    assert any("3 results of a body model" in warning for warning in take.warnings)


def test_the_first_definition_of_a_parameter_counts(load: Load):
    data = c3d(places())
    twice = parameter_blocks({"POINT": {"LABELS": list("ABCDEFGHIJKLMNO")}}, INTEL)
    start, end = BLOCK, (data[16] - 1) * BLOCK
    body = data[start:end].rstrip(b"\0") + b"\0"
    second = twice[4:].rstrip(b"\0")
    second = second[second.index(b"LABELS") - 2 :] + b"\0"
    section = (body + second).ljust(end - start, b"\0")
    assert len(section) == end - start
    assert points_of(load(data[:start] + section + data[end:])).names == NAMES


# --- gaps ----------------------------------------------------------------------------------------


def test_the_origin_is_no_place(load: Load):
    table = places()
    table[5:9, 3] = 0.0
    take = load(c3d(table))
    assert np.argwhere(~points_of(take).valid).tolist() == [[k, 3] for k in range(5, 9)]
    assert any("4 places are 0, 0, 0 exactly" in warning for warning in take.warnings)


def test_points_and_samples_without_any_place(load: Load):
    flags = seen()
    flags[:, 4] = False
    flags[10:13] = False
    take = load(c3d(places(), valid=flags))
    assert (points_of(take).valid == flags).all()
    assert take.not_recorded == tuple(f"{NAMES[4]}.{axis}" for axis in "xyz")
    assert any("No point was tracked in 3 of 40 samples" in w for w in take.warnings)


# --- real recordings -----------------------------------------------------------------------------


def oracle(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Places and residuals of a file whose header is right, read number by number."""
    data = path.read_bytes()
    processor = data[(data[0] - 1) * 512 + 3]
    end = ">" if processor == 86 else "<"

    def real(raw: bytes) -> float:
        if processor == 85:
            return struct.unpack("<f", raw[2:4] + raw[0:2])[0] / 4
        return struct.unpack(f"{end}f", raw)[0]

    points, analog, first, last = struct.unpack_from(f"{end}4H", data, 2)
    scale, (block,) = real(data[12:16]), struct.unpack_from(f"{end}H", data, 16)
    size = 4 if scale < 0 else 2
    rows = []
    for frame in range(last - first + 1):
        start = (block - 1) * 512 + frame * (4 * points + analog) * size
        for at in range(start, start + 4 * points * size, size):
            raw = data[at : at + size]
            rows.append(real(raw) if size == 4 else struct.unpack(f"{end}h", raw)[0])
    table = np.array(rows, float).reshape(-1, points, 4)
    if size == 2:
        table[..., :3] *= scale
    return table[..., :3], table[..., 3]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "frames", "points", "rate", "turn"),
    [
        ("AnimFace_JawMoCap_real_markers_60Hz.c3d", 1590, 41, 60, SCREENS[0]),
        ("BTK_others__badParameterOffset.c3d", 111, 41, 250, SCREENS[2]),
        ("BTK_sample01__Eb015pi.c3d", 450, 26, 50, None),
        ("BTK_sample01__Eb015sr.c3d", 450, 26, 50, None),
        ("BTK_sample02__DEC_INT.C3D", 89, 36, 50, None),
        ("BTK_sample02__Dec_real.c3d", 89, 36, 50, None),
        ("BTK_sample02__pc_real.c3d", 89, 36, 50, None),
        ("BTK_sample02__sgi_int.c3d", 89, 36, 50, None),
        ("BTK_sample13__golfswing.c3d", 514, 29, 107.526878, SCREENS[1]),
        ("BTK_sample18__bad_parameter_section.c3d", 332, 45, 120, SCREENS[1]),
        ("BTK_sample20__phasespace_sample.c3d", 701, 40, 30, SCREENS[2]),
    ],
)
def test_real_files_equal_an_independent_reading(
    name: str, frames: int, points: int, rate: float, turn: Any, shared: Path
):
    path = shared.joinpath(*FOLDER, name)
    take = read_take(path)
    found = points_of(take)
    assert (take.samples, len(found)) == (frames, points)
    assert take.rate_hz == pytest.approx(rate, rel=1e-6)
    assert take.duration_s == pytest.approx((frames - 1) / rate)
    table, residual = oracle(path)
    there = (residual >= 0) & (table != 0).any(axis=2)
    assert (found.valid == there).all()
    # Z is up in the walks, which go along +Y: left is -X
    order, signs = turn[:2] if turn else ((0, 2, 1), (-1, 1, 1))
    # float32 of up to four metres is a quarter of a micrometre
    assert np.abs(turned(found.positions, order, signs) - table / 1000)[there].max() < 3e-7


@pytest.mark.shared
def test_the_same_take_in_several_encodings(shared: Path):
    folder = shared.joinpath(*FOLDER)
    first, *others = (points_of(read_take(folder / f"BTK_sample02__{n}")) for n in SAMPLE02)
    for name, other in zip(SAMPLE02[1:], others, strict=True):
        assert other.names == first.names
        assert (other.valid == first.valid).all()
        apart = np.abs(other.positions - first.positions)
        if name == "sgi_int.c3d":
            # this file's own integers are lower by one here and there, a step is 0.281 mm
            assert apart.max() == pytest.approx(0.000281, abs=1e-6)
            assert (apart > 3e-7).mean() < 0.02
        else:
            assert apart.max() < 3e-7
    one, two = (points_of(read_take(folder / f"BTK_sample01__Eb015{n}.c3d")) for n in ("pi", "sr"))
    assert (one.valid == two.valid).all()
    assert np.abs(one.positions - two.positions).max() < 3e-7


@pytest.mark.shared
def test_what_is_odd_about_real_files(shared: Path):
    folder = shared.joinpath(*FOLDER)
    walk = read_take(folder / "BTK_sample01__Eb015pi.c3d")
    assert walk.source.details["analog channels not read"] == (
        "16 (FX1, FY1, FZ1, MX1, MY1, MZ1 and 10 more)"
    )
    bare = read_take(folder / "BTK_sample20__phasespace_sample.c3d")
    assert points_of(bare).names[0] == "point 1"
    assert any("millimetres are taken" in note for note in bare.assumptions)
    assert bare.not_recorded == ("point 40.x", "point 40.y", "point 40.z")
    assert 1.0 < np.percentile(points_of(bare).positions[..., 1], 99) < 1.8
    bad = read_take(folder / "BTK_sample18__bad_parameter_section.c3d")
    assert points_of(bad).names[:2] == ("P1", "P2")
    assert len(bad.not_recorded) == 3 * 18
