# SPDX-License-Identifier: GPL-3.0-or-later
"""The bounded fit of composite shapes: exact, smooth, and better than a table."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, lsq_linear, minimize

from facemocap_addon.core.arrays import FloatArray
from facemocap_addon.core.channels import arkit_names, arkit_schema
from facemocap_addon.core.controls import SHAPE_KEY, Control
from facemocap_addon.core.rig_maps.composite_fit import fit_composites, reference_gram
from facemocap_addon.core.rig_maps.conventions import conventions
from facemocap_addon.core.rig_maps.matching import match
from facemocap_addon.core.rig_maps.retargeting import retarget
from facemocap_addon.core.rig_maps.rig_map import RigMap, Source, rig_map_from_json
from facemocap_addon.core.take import Take, make_take

MOUTH = [name for name in arkit_names() if name.startswith(("mouth", "jaw"))]


def problem(seed: int, frames: int = 60, targets: int = 9, channels: int = 14):
    rng = np.random.default_rng(seed)
    looks = rng.uniform(0, 1, (targets, channels)) * (rng.random((targets, channels)) < 0.4)
    root = rng.normal(size=(channels, channels + 5))
    values = rng.uniform(-0.2, 1.2, (frames, channels)) * (rng.random((frames, channels)) < 0.6)
    return values, looks, root @ root.T, root


@pytest.mark.parametrize("seed", range(6))
def test_same_as_an_independent_solver(seed: int) -> None:
    values, looks, gram, root = problem(seed)
    mix = fit_composites(values, looks, gram)
    for row, value in zip(mix, values, strict=True):
        oracle = lsq_linear((looks @ root).T, value @ root, (0, 1), tol=1e-14, max_iter=500)
        assert row == pytest.approx(oracle.x, abs=2e-5)


@pytest.mark.parametrize(("targets", "channels"), [(1, 3), (5, 27), (14, 27), (30, 20)])
def test_conditions_of_the_optimum_hold_exactly(targets: int, channels: int) -> None:
    values, looks, gram, _ = problem(targets, 200, targets, channels)
    mix = fit_composites(values, looks, gram)
    assert mix.min() >= 0.0
    assert mix.max() <= 1.0
    slope = (mix @ looks - values) @ gram @ looks.T
    scale = np.abs(values @ gram @ looks.T).max()
    assert np.all(slope[mix == 0.0] >= -1e-8 * scale)
    assert np.all(slope[mix == 1.0] <= 1e-8 * scale)
    assert np.abs(slope[(mix > 0) & (mix < 1)]).max(initial=0.0) < 1e-8 * scale


def test_what_the_shapes_can_do_exactly_is_found() -> None:
    _, looks, gram, _ = problem(11, channels=20)
    wanted = np.random.default_rng(1).uniform(0, 1, (40, len(looks)))
    assert fit_composites(wanted @ looks, looks, gram) == pytest.approx(wanted, abs=1e-5)


def test_frames_do_not_know_of_each_other() -> None:
    values, looks, gram, _ = problem(3)
    whole = fit_composites(values, looks, gram)
    order = np.random.default_rng(0).permutation(len(values))
    assert np.array_equal(fit_composites(values[order], looks, gram), whole[order])
    assert np.array_equal(fit_composites(values[7:8], looks, gram), whole[7:8])


def test_a_smooth_take_stays_smooth() -> None:
    """The step from frame to frame is bounded by the step of the channels."""
    start, end = problem(5, frames=2)[0]
    _, looks, gram, _ = problem(5)
    path = np.linspace(start, end, 2001)
    mix = fit_composites(path, looks, gram)
    hessian = looks @ gram @ looks.T
    bound = np.linalg.norm((path[1] - path[0]) @ gram @ looks.T) / np.linalg.eigvalsh(hessian)[0]
    steps = np.linalg.norm(np.diff(mix, axis=0), axis=1)
    assert steps.max() <= bound * (1 + 1e-6)
    assert steps.max() > 0


def test_equal_shapes_share_evenly_and_empty_ones_rest() -> None:
    look = np.array([1.0, 0.5, 0.0])
    looks = np.array([look, look, np.zeros(3)])
    mix = fit_composites(0.8 * look[None], looks, np.eye(3))
    assert mix[0] == pytest.approx([0.4, 0.4, 0.0], abs=1e-6)
    assert not fit_composites(np.zeros((4, 3)), looks, np.eye(3)).any()
    assert fit_composites(np.ones((2, 3)), np.zeros((2, 3)), np.eye(3)).tolist() == [[0, 0]] * 2
    assert fit_composites(np.zeros((0, 3)), looks, np.eye(3)).shape == (0, 3)


@pytest.mark.parametrize("seed", range(4))
def test_sums_that_stay_within_one(seed: int) -> None:
    values, looks, gram, _ = problem(seed, frames=12)
    values = np.abs(values) * 2
    together = [0, 2, 3, 7]
    free = fit_composites(values, looks, gram)
    mix = fit_composites(values, looks, gram, together)
    over = free[:, together].sum(axis=1) > 1
    assert over.any()
    assert np.array_equal(mix[~over], free[~over])
    assert mix[over][:, together].sum(axis=1) == pytest.approx(1.0, abs=1e-9)
    ones = np.isin(np.arange(len(looks)), together).astype(float)
    hessian = looks @ gram @ looks.T
    for row, value in zip(mix[over], values[over], strict=True):
        pull = value @ gram @ looks.T
        oracle = minimize(
            lambda y, pull=pull: 0.5 * y @ hessian @ y - pull @ y,
            np.zeros(len(looks)),
            jac=lambda y, pull=pull: hessian @ y - pull,
            bounds=[(0, 1)] * len(looks),
            constraints=[LinearConstraint(ones, -np.inf, 1.0)],
            method="SLSQP",
            options={"ftol": 1e-14, "maxiter": 500},
        )
        assert 0.5 * row @ hessian @ row - pull @ row <= oracle.fun + 1e-8 * abs(oracle.fun)


def test_the_measure_is_that_of_the_sample_head(sample_rigs: Path) -> None:
    """Recomputed from the .blend, triangle by triangle."""
    import bpy

    bpy.ops.wm.open_mainfile(filepath=str(sample_rigs / "arkit_head.blend"), use_scripts=False)
    mesh = bpy.data.objects["arkit_head"].data
    mesh.calc_loop_triangles()
    keys = mesh.shape_keys.key_blocks
    basis = np.array([point.co for point in keys[0].data]) * 1000
    names = [n for n in arkit_names() if n != "tongueOut"]
    moved = np.array([[point.co for point in keys[n].data] for n in names]) * 1000 - basis
    area = np.zeros(len(basis))
    skin = {"skin", "rim"}
    for triangle in mesh.loop_triangles:
        slot = mesh.materials[mesh.polygons[triangle.polygon_index].material_index].name
        if not any(part in slot for part in skin):
            continue
        corners: Any = triangle.vertices
        a, b, c = (basis[i] for i in corners)
        for vertex in corners:
            area[vertex] += np.linalg.norm(np.cross(b - a, c - a)) / 6
    moves = np.linalg.norm(moved, axis=2).max(axis=0) > 0.1
    gram = np.einsum("v,ivx,jvx->ij", area, moved, moved, optimize=True) / area[moves].sum()
    stored = reference_gram(names)
    size = np.sqrt(np.diag(stored))
    assert np.abs(gram - stored).max() / np.diag(stored).max() < 0.02
    assert np.abs((gram - stored) / np.outer(size, size)).max() < 0.05
    assert np.linalg.eigvalsh(reference_gram(arkit_names()))[0] > -1e-6


# ---------------------------------------------------------------- in rig maps


def shape(name: str, owner: str = "face") -> Control:
    return Control(SHAPE_KEY, owner, f'key_blocks["{name}"].value', 0, name)


def take_of(**values: list[float]) -> Take:
    schema = arkit_schema()
    columns = np.array(list(values.values())).T
    return make_take(np.arange(len(columns)) / 60.0, [schema[n] for n in values], columns)


def solved(rig_map: RigMap, take: Take) -> dict[str, FloatArray]:
    result = retarget(take, rig_map)
    return {
        control.path.split('"')[1]: result.values[:, place]
        for place, control in enumerate(result.controls)
    }


VOWELS = ["A", "I", "U", "E", "O"]
VRM = [shape(name) for name in [*VOWELS, "Blink_L", "Blink_R", "Joy"]]


def test_vowels_are_fitted_and_the_rest_is_summed() -> None:
    values = solved(match(VRM), take_of(
        jawOpen=[0.0, 0.55, 0.0, 1.0], mouthPucker=[0.0, 0.0, 0.75, 0.0],
        mouthFunnel=[0.0, 0.0, 0.3, 0.0], eyeBlinkLeft=[0.9, 0.0, 0.0, 0.0],
        mouthClose=[0.0] * 4,
    ))  # fmt: skip
    assert values["Blink_L"] == pytest.approx([0.9, 0.0, 0.0, 0.0])
    assert all(values[name][0] == 0.0 for name in VOWELS)
    assert values["A"][1] > 0.8
    assert values["U"][2] > 0.8
    assert max(values[n][2] for n in "AIEO") < 0.2
    for frame in range(4):
        assert sum(values[name][frame] for name in VOWELS) <= 1.0 + 1e-9


@pytest.mark.parametrize("name", ["vrm0", "vrm1", "vroid", "mmd", "oculus_visemes"])
def test_closed_lips_stay_closed_over_an_open_jaw(name: str) -> None:
    convention = next(c for c in conventions() if c.name == name)
    rig_map = match([shape(target) for target in convention.targets])
    take = take_of(jawOpen=[0.1, 0.2, 0.3], mouthClose=[0.1, 0.2, 0.3])
    assert not any(values.any() for values in solved(rig_map, take).values())
    half = solved(rig_map, take_of(jawOpen=[0.3], mouthClose=[0.15]))
    full = solved(rig_map, take_of(jawOpen=[0.15], mouthClose=[0.0]))
    assert all(half[n] == pytest.approx(full[n], abs=1e-12) for n in half)


def test_an_open_jaw_of_its_own_joins_the_visemes() -> None:
    convention = next(c for c in conventions() if c.name == "oculus_visemes")
    names = [*convention.targets, "jawOpen", "eyeBlinkLeft"]
    rig_map = match([shape(name) for name in names])
    (fit,) = rig_map.fits
    assert len(fit.targets) == len(convention.targets) + 1
    values = solved(rig_map, take_of(jawOpen=[0.7], mouthClose=[0.0], eyeBlinkLeft=[0.4]))
    opened = values["jawOpen"][0] + sum(
        values[target][0] * look.get("jawOpen", 0.0)
        for target, look in convention.fits[0].looks.items()
    )
    assert opened == pytest.approx(0.7, abs=0.05)
    assert values["eyeBlinkLeft"] == pytest.approx([0.4])


def test_a_shape_on_several_meshes_has_one_value() -> None:
    rig_map = match([*VRM, *(shape(name, "teeth") for name in ("A", "O"))])
    assert [len(target) for target in rig_map.fits[0].targets] == [2, 1, 1, 1, 2]
    result = retarget(take_of(jawOpen=[0.1, 0.5]), rig_map)
    of_a = [k for k, c in enumerate(result.controls) if '"A"' in c.path]
    assert len(of_a) == 2
    assert np.array_equal(result.values[:, of_a[0]], result.values[:, of_a[1]])


def test_a_persons_edit_wins_over_the_fit() -> None:
    rig_map = match(VRM)
    entry = next(e for e in rig_map.entries if '"A"' in e.control.path)
    edited = replace(entry, sources=(Source("jawOpen", 0.5),), how="hand")
    take = take_of(jawOpen=[0.4, 0.6], mouthPucker=[0.0, 0.6])
    before, after = solved(rig_map, take), solved(rig_map.with_entry(edited), take)
    assert after["A"] == pytest.approx([0.2, 0.3])
    # what A was to open falls to the others: the face counts what it does now
    assert after["O"][0] > before["O"][0] + 0.1
    same = replace(entry, sources=(Source("jawOpen", before["A"][0] / 0.4),), how="hand")
    kept = solved(rig_map.with_entry(same), take_of(jawOpen=[0.4]))
    for name in "IUEO":
        assert kept[name][0] == pytest.approx(before[name][0], abs=1e-6)
    alone = rig_map
    for other in rig_map.entries:
        if other.control in {key for target in rig_map.fits[0].targets for key in target}:
            alone = alone.with_entry(replace(other, how="hand"))
    assert retarget(take, alone).values.shape == (2, 5)
    assert not retarget(take, alone).residual.any()


def test_what_was_not_recorded_takes_no_part() -> None:
    rig_map = match(VRM)
    schema = arkit_schema()
    columns = np.array([[0.5, np.nan], [np.nan, np.nan]])
    take = make_take(np.arange(2.0), [schema["jawOpen"], schema["mouthPucker"]], columns)
    result = retarget(take, rig_map)
    place = next(k for k, c in enumerate(result.controls) if '"A"' in c.path)
    assert result.values[0, place] > 0.5
    assert result.known[:, place].tolist() == [True, False]
    blink = take_of(eyeBlinkLeft=[0.5])
    assert {c.path.split('"')[1] for c in retarget(blink, rig_map).controls} == {"Blink_L"}


def test_residual_is_what_is_left_over_in_mm() -> None:
    take = take_of(jawOpen=[0.0, 0.5, 0.0], mouthLeft=[0.0, 0.0, 1.0], mouthClose=[0.0, 0.0, 0.0])
    residual = retarget(take, match(VRM)).residual
    assert residual[0] == 0.0
    # a mouth to the left is beyond vowels: all of it is left over
    assert residual[2] == pytest.approx(np.sqrt(reference_gram(["mouthLeft"])[0, 0]), rel=0.3)
    assert residual[1] < 0.2 * 0.5 * np.sqrt(reference_gram(["jawOpen"])[0, 0])
    plain = match([shape("jawOpen")])
    assert not retarget(take, plain).residual.any()


def test_fits_are_written_and_read() -> None:
    rig_map = match(VRM)
    text = json.dumps(rig_map.to_json(), ensure_ascii=False, allow_nan=False)
    assert rig_map_from_json(json.loads(text), "map.json") == rig_map
    data = json.loads(text)
    assert data["schema"] == 1
    assert data["fits"][0]["less"] == {"jawOpen": "mouthClose"}
    # a map from before reads unchanged, and one without fits is written as before
    del data["fits"]
    assert rig_map_from_json(data, "map.json") == replace(rig_map, fits=())
    assert "fits" not in replace(rig_map, fits=()).to_json()


def test_a_part_of_another_channel() -> None:
    """MetaHuman's lips come together by mouthClose as a part of jawOpen."""
    names = [*next(c for c in conventions() if c.name == "metahuman").targets]
    rig_map = match([shape(name) for name in names])
    text = json.dumps(rig_map.to_json())
    assert rig_map_from_json(json.loads(text), "map.json") == rig_map
    take = take_of(jawOpen=[0.4, 0.2, 0.0, 0.01, 0.5], mouthClose=[0.1, 0.3, 0.0, 0.01, 0.0])
    together = solved(rig_map, take)["CTRL_expressions_mouthLipsTogetherUL"]
    assert together == pytest.approx([0.25, 1.0, 0.0, 0.2, 0.0])
    lone = solved(rig_map, take_of(mouthClose=[0.3]))
    assert lone["CTRL_expressions_mouthLipsTogetherUL"] == pytest.approx([0.3])


# ---------------------------------------------------------------- against the table


def random_mouths(frames: int, seed: int = 3) -> FloatArray:
    """Mouths that speak: an open jaw, most else little, both sides alike, nothing sideways."""
    rng = np.random.default_rng(seed)
    values = np.clip(rng.exponential(0.12, (frames, len(MOUTH))), 0, 1)
    place = {name: number for number, name in enumerate(MOUTH)}
    for name in MOUTH:
        partner = arkit_schema()[name].partner
        if name.endswith("Right") and name not in ("jawRight", "mouthRight"):
            near = values[:, place[partner]] + rng.normal(0, 0.03, frames)
            values[:, place[name]] = np.clip(near, 0, 1)
    values[:, place["jawOpen"]] = rng.uniform(0, 0.7, frames)
    values[:, place["mouthClose"]] = 0.4 * rng.uniform(0, 1, frames) * values[:, place["jawOpen"]]
    values[:, [place["jawLeft"], place["mouthRight"]]] = 0
    return values


@pytest.mark.parametrize("name", ["vrm1", "vroid", "mmd", "oculus_visemes"])
def test_nearer_than_the_table(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    convention = next(c for c in conventions() if c.name == name)
    rule = convention.fits[0]
    targets = list(rule.looks)
    looks = np.array([[rule.looks[t].get(c, 0.0) for c in MOUTH] for t in targets])
    gains = np.zeros(looks.shape)
    for row, target in enumerate(targets):
        for source in convention.targets[target]:
            if source.channel in MOUTH:
                gains[row, MOUTH.index(source.channel)] = source.gain
    values = random_mouths(400)
    gram = reference_gram(MOUTH)
    lips = values.copy()
    jaw, close = MOUTH.index("jawOpen"), MOUTH.index("mouthClose")
    lips[:, jaw] = np.maximum(lips[:, jaw] - lips[:, close], 0)
    lips[:, close] = 0
    table = np.clip(values @ gains.T, 0, 1)
    together = [targets.index(t) for t in rule.sum_at_most_one]

    def missed(mix: FloatArray, wanted: FloatArray) -> float:
        left = mix @ looks - wanted
        size = np.einsum("ni,ij,nj->n", wanted, gram, wanted)
        return float(np.median(np.sqrt(np.einsum("ni,ij,nj->n", left, gram, left) / size)))

    plain = missed(fit_composites(values, looks, gram), values)
    kept = missed(fit_composites(lips, looks, gram, together), lips)
    with capsys.disabled():
        print(
            f"\n{name}: median relative residual of 400 mouths: table {missed(table, values):.2f}, "
            f"fit {plain:.2f}; with closed lips kept and sums within one: "
            f"table {missed(table, lips):.2f}, fit {kept:.2f}"
        )
    assert plain < 0.7 * missed(table, values)
    assert kept < 0.8 * missed(table, lips)
