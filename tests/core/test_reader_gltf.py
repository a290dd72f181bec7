# SPDX-License-Identifier: GPL-3.0-or-later
"""glTF morph animation: a real take in two forms, accessors and curves by hand, damaged files."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.interpolate import CubicHermiteSpline
from scipy.spatial.transform import Rotation

from devtools.fuzz import run_case
from devtools.made_scenes import Gltf, glb
from devtools.mutations import damage
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.formats.gltf_turns import part_of
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take

Load = Callable[[bytes], Take]
NAMES = ("jawOpen", "eyeBlink_L", "mySmile")
CHANNELS = ("jawOpen", "eyeBlinkLeft", "mySmile")
TIMES = np.arange(20, dtype=np.float32) / 30


def table(take: Take, names: tuple[str, ...] = CHANNELS) -> np.ndarray:
    return take.values[:, [take.column(name) for name in names]]


def weights(rows: int = 20) -> np.ndarray:
    return np.random.default_rng(4).uniform(0, 1, (rows, 3)).astype(np.float32)


def scene(
    values: np.ndarray, *, times: np.ndarray = TIMES, kind: str | None = None, **how: Any
) -> Gltf:
    """A scene of one mesh whose weights are these."""
    made = Gltf()
    node = made.morph_mesh(NAMES, 3)
    made.animate(node, "weights", made.accessor(times), made.accessor(values, **how), kind)
    return made


@pytest.mark.shared
def test_a_real_face_cap_scene_equals_its_text(shared: Path):
    takes = shared / "takes"
    found = read_take(takes / "gltf" / "facecap.glb")
    text = read_take(takes / "facecap" / "facecap_as_FaceCap_recording.txt")
    assert found.source.format == "gltf"
    assert found.samples == text.samples == 335
    assert found.source.details["first_key_s"] == pytest.approx(0.0475)
    # the text has whole milliseconds
    assert np.abs(found.times - text.times).max() <= 0.0005
    shapes = [c.name for c in text.channels if c.kind == "weight"]
    assert len(shapes) == 52
    values = table(found, tuple(shapes))
    assert np.abs(values - table(text, tuple(shapes))).max() < 1e-6
    assert np.abs(values * 255 - np.round(values * 255)).max() < 1e-4
    assert float(found.timebase.rate) == 30
    assert found.warnings == ("2 channels never change: eyeLookUpLeft, eyeLookUpRight.",)


@pytest.mark.shared
def test_turns_of_the_real_scene_go_with_its_eyes(shared: Path):
    """The scene stands on its back; eyeLook weights tell where the face looks."""
    take = read_take(shared / "takes" / "gltf" / "facecap.glb")
    look = {way: table(take, (f"eyeLook{way}Left",))[:, 0] for way in ("In", "Out", "Up", "Down")}
    yaw, pitch = table(take, ("leftEyeYaw", "leftEyePitch")).T
    assert np.corrcoef(yaw, look["In"] - look["Out"])[0, 1] > 0.97
    assert np.corrcoef(pitch, look["Down"] - look["Up"])[0, 1] > 0.97
    # the slopes of ARKit's own eyes, docs/formats.md
    assert np.polyfit(look["In"] - look["Out"], yaw, 1)[0] == pytest.approx(0.6, abs=0.1)
    head = np.degrees(table(take, ("headYaw", "headPitch", "headRoll")))
    assert (np.ptp(head, axis=0) > 5).all()
    assert np.abs(head).max() < 15


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("facecap_is_really_html_first4k.glb", "is a web page and not a recording"),
        ("facecap_truncated_30014_of_332808.glb", "is cut off: 30014 of 332808 bytes"),
    ],
)
def test_broken_files_as_found_are_refused(name: str, says: str, shared: Path):
    with pytest.raises(FacemocapError, match=says):
        read_take(shared / "takes" / "broken" / name)


@pytest.mark.parametrize("form", ["glb", "base64", "beside"])
def test_the_three_forms_of_a_file(form: str, tmp_path: Path):
    made = scene(weights())
    path = tmp_path / "take.txt"
    beside = form == "beside"
    path.write_bytes(made.glb() if form == "glb" else made.text("my%20take.bin" if beside else ""))
    if beside:
        with pytest.raises(FacemocapError, match="which is missing"):
            read_take(path)
        (tmp_path / "my take.bin").write_bytes(made.body)
    take = read_take(path)
    assert table(take).tobytes() == weights().tobytes()
    assert take.times == pytest.approx(np.arange(20) / 30)
    assert take.source.details["animations"] == ["Take 001"]


@pytest.mark.parametrize("uri", ["../secret.bin", "/etc/passwd", "C:\\x.bin", "http://a.b/c"])
def test_side_files_elsewhere_are_not_opened(uri: str, tmp_path: Path):
    path = tmp_path / "deep" / "take.gltf"
    path.parent.mkdir()
    made = scene(weights())
    (tmp_path / "secret.bin").write_bytes(made.body)
    path.write_bytes(made.text(uri))
    with pytest.raises(FacemocapError, match="which is not beside it"):
        read_take(path)


@pytest.mark.parametrize(("kind", "full"), [("i1", 127), ("u1", 255), ("i2", 32767), ("u2", 65535)])
@pytest.mark.parametrize("stride", [0, 8])
def test_whole_numbers_count_to_one(kind: str, full: int, stride: int, load: Load):
    raw = np.random.default_rng(0).integers(0, full + 1, 60).astype(kind)
    raw[0] = full
    if kind.startswith("i"):
        raw[1] = -full - 1
    take = load(scene(raw, normalized=True, stride=stride).glb())
    wanted = np.maximum(raw.astype(float) / full, -1).reshape(20, 3)
    assert table(take) == pytest.approx(wanted, abs=1e-7)


def test_sparse_numbers_replace_rows(load: Load):
    made = scene(weights())
    accessor = made.document["accessors"][-1]
    places = made.accessor(np.array([0, 7, 59], np.uint16))
    numbers = made.accessor(np.array([0.25, 0.5, 0.75], np.float32))
    views = [made.document["accessors"][k]["bufferView"] for k in (places, numbers)]
    accessor["sparse"] = {
        "count": 3,
        "indices": {"bufferView": views[0], "componentType": 5123},
        "values": {"bufferView": views[1]},
    }
    wanted = weights().ravel()
    wanted[[0, 7, 59]] = [0.25, 0.5, 0.75]
    assert table(load(made.glb())).ravel().tobytes() == wanted.tobytes()
    # without bytes of its own it begins with noughts
    del accessor["bufferView"]
    found = table(load(made.glb())).ravel()
    assert found[[0, 7, 59]].tolist() == [0.25, 0.5, 0.75]
    assert np.count_nonzero(found) == 3


def test_sparse_keys_are_sampled_on_their_frames(load: Load):
    keys = np.array([0, 5, 24, 48], np.float32) / 24
    values = weights(4)
    straight = load(scene(values, times=keys).glb())
    assert straight.samples == 49
    assert straight.times == pytest.approx(np.arange(49) / 24)
    for column in range(3):
        wanted = np.interp(np.arange(49), [0, 5, 24, 48], values[:, column])
        assert table(straight)[:, column] == pytest.approx(wanted, abs=1e-6)
    assert straight.valid.all()
    step = load(scene(values, times=keys, kind="STEP").glb())
    places = np.searchsorted([0, 5, 24, 48], np.arange(49), side="right") - 1
    assert table(step).tobytes() == values[places].tobytes()
    assert any("sampled 24 times a second" in said for said in step.assumptions)


def test_cubic_splines_equal_those_of_scipy(load: Load):
    rng = np.random.default_rng(9)
    keys = np.array([0, 10, 25, 30]) / 25
    parts = rng.uniform(-1, 1, (4, 3, 3)).astype(np.float32)
    take = load(scene(parts.reshape(-1), times=keys.astype(np.float32), kind="CUBICSPLINE").glb())
    at = np.arange(31) / 25
    for column in range(3):
        # slopes differ into and out of a key: each piece by itself
        for k in range(3):
            piece = CubicHermiteSpline(
                keys[k : k + 2], parts[k : k + 2, 1, column],
                [parts[k, 2, column], parts[k + 1, 0, column]],
            )  # fmt: skip
            inside = (at >= keys[k] - 1e-9) & (at <= keys[k + 1] + 1e-9)
            assert table(take)[inside, column] == pytest.approx(piece(at[inside]), abs=1e-5)


def test_shapes_of_one_name_on_several_meshes_are_one_channel(load: Load):
    made = scene(weights())
    times, head = 0, 1
    teeth = made.morph_mesh(["jawOpen", "teethShine"], 2, "teeth")
    own = np.stack([weights()[:, 0], np.linspace(0, 1, 20)], axis=1).astype(np.float32)
    made.animate(teeth, "weights", times, made.accessor(own))
    lashes = made.morph_mesh(["eyeBlinkLeft"], 1, "lashes")
    made.animate(lashes, "weights", times, made.accessor(weights()[:, 2]))
    take = load(made.glb())
    assert head == 1
    assert table(take).tobytes() == weights().tobytes()
    assert table(take, ("teethShine",))[:, 0] == pytest.approx(np.linspace(0, 1, 20), abs=1e-6)
    assert take.source.details["meshes"] == ["head", "teeth", "lashes"]
    differ = [said for said in take.warnings if "move differently" in said]
    assert len(differ) == 1
    assert "eyeBlinkLeft of lashes" in differ[0]
    assert "jawOpen" not in differ[0]


def test_targets_without_names_are_numbered(load: Load):
    made = Gltf()
    node = made.morph_mesh(None, 3)
    made.animate(node, "weights", made.accessor(TIMES), made.accessor(weights()))
    take = load(made.glb())
    assert take.names == ("head target 0", "head target 1", "head target 2")
    assert any("have no names" in said for said in take.warnings)


def test_takes_beside_the_longest_are_named(load: Load):
    made = scene(weights())
    made.document["animations"].append({"name": "nod", "channels": [], "samplers": []})
    made.animate(0, "weights", made.accessor(TIMES[:9]), made.accessor(weights()[:9]))
    take = load(made.glb())
    assert take.samples == 20
    assert any("1 other takes, which are not read: nod" in said for said in take.warnings)


def test_a_key_after_a_year_is_refused_at_once(load: Load):
    times = np.array([0, 1, 3.2e7], np.float32)
    with pytest.raises(FacemocapError, match=r"has 3 keys in 5\.333e\+05 minutes"):
        load(scene(weights(3), times=times).glb())


def test_percent_of_a_mesh_without_a_unit(load: Load):
    take = load(scene(weights() * 100).glb())
    assert table(take) == pytest.approx(weights(), abs=1e-6)
    assert any("percent" in said for said in take.assumptions)


PARTS = {
    "grp_eyeLeft": "left", "mixamorig:RightEye": "right", "Eye_L": "left", "eye.R": "right",
    "CC_Base_L_Eye": "left", "mixamorig:Head": "head", "head": "head", "grp_transform": "head",
    "eyebrow_L": "", "HeadTop_End": "", "eyelid_L": "", "forehead": "", "eyes": "", "arm_L": "",
    "LeftEye": "left", "eyeball_r": "right",
}  # fmt: skip


@pytest.mark.parametrize("name", PARTS)
def test_which_nodes_are_head_and_eyes(name: str):
    assert part_of(name) == PARTS[name]


def test_head_and_eyes_by_scipy(load: Load):
    """A skin's head rests turned, the scene stands turned, and only the turn from rest counts."""
    made = scene(weights())
    neck, rest = Rotation.from_euler("x", 70, degrees=True), Rotation.from_rotvec([0.3, -1, 0.4])
    angles = np.stack([np.linspace(-0.4, 0.5, 20), np.linspace(0.3, -0.2, 20)], axis=1)
    # to the subject's left and down, as glTF's axes have it
    turn = Rotation.from_euler("YX", angles)
    local = neck.inv() * turn * neck * rest
    head = made.node({"name": "Head", "rotation": rest.as_quat().tolist()})
    made.node({"name": "neck", "rotation": neck.as_quat().tolist(), "children": [head]})
    made.document["skins"] = [{"joints": [head]}]
    turned = made.accessor(local.as_quat().astype(np.float32), "VEC4")
    made.animate(head, "rotation", 0, turned)
    eye = made.node({"name": "eye_L"})
    made.animate(eye, "rotation", 0, made.accessor(turn.as_quat().astype(np.float32), "VEC4"))
    take = load(made.glb())
    assert table(take, ("headYaw",))[:, 0] == pytest.approx(angles[:, 0], abs=1e-5)
    assert table(take, ("headPitch",))[:, 0] == pytest.approx(-angles[:, 1], abs=1e-5)
    assert table(take, ("headRoll",))[:, 0] == pytest.approx(0, abs=1e-5)
    gaze = turn.apply([0, 0, 1])
    yaw, pitch = table(take, ("leftEyeYaw", "leftEyePitch")).T
    assert yaw == pytest.approx(-np.arcsin(gaze[:, 0]), abs=1e-5)
    assert pitch == pytest.approx(np.arctan2(-gaze[:, 1], gaze[:, 2]), abs=1e-5)


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    made = scene(weights())
    change(made.document)
    return made.glb()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d.update(animations=[]), "without an animation of morph targets"),
        (lambda d: d["asset"].update(version="1.0"), "version 2 is read"),
        (lambda d: d["accessors"][1].update(count=61), "has 20 times and 61 values|do not fit"),
        (lambda d: d["accessors"][1].update(count=10**12), "has 1000000000000 rows"),
        (lambda d: d["accessors"][1].update(componentType=9), "has type 9"),
        (lambda d: d["accessors"][1].update(bufferView=-1), "it has no bufferViews -1"),
        (lambda d: d["bufferViews"][1].update(byteLength=10**9), "is cut off: bytes"),
        (lambda d: d["bufferViews"][1].update(byteStride=1), "do not fit into view"),
        (lambda d: d["nodes"].clear(), "it has no nodes 0"),
        (lambda d: d["meshes"].clear(), "it has no meshes 0"),
        (lambda d: d["animations"][0].update(samplers=[]), "has no sampler 0"),
        (lambda d: d.update(accessors=7), "its accessors are no list"),
        (lambda d: d["animations"][0]["samplers"][0].update(input=1), "do not rise|60 times"),
    ],
    ids=range(13),
)
def test_documents_that_contradict_themselves(
    change: Callable[[dict[str, Any]], object], says: str, load: Load
):
    with pytest.raises(FacemocapError, match=says):
        load(changed(change))


def test_a_file_that_is_cut_anywhere_is_refused(tmp_path: Path):
    path = tmp_path / "take.glb"
    data = scene(weights()).glb()
    for kept in range(5, len(data), 13):
        path.write_bytes(data[:kept])
        with pytest.raises(FacemocapError, match="is cut off"):
            read_take(path)


@pytest.mark.parametrize("form", ["glb", "gltf"])
def test_200_damaged_scenes_are_read_or_refused(form: str, tmp_path: Path):
    rng = random.Random(5)
    made = scene(weights())
    turned = made.accessor(np.ones((20, 4), np.float32), "VEC4")
    made.animate(made.node({"name": "head"}), "rotation", 0, turned)
    sound = made.glb() if form == "glb" else made.text()
    outcomes = [run_case(tmp_path / "take", damage(sound, rng)[0]) for _ in range(200)]
    assert set(outcomes) == {"read", "refused"}, set(outcomes)


def test_200_scenes_with_strange_values_are_read_or_refused(tmp_path: Path):
    """Every number, text and list of the document replaced by another kind of thing."""
    rng = random.Random(6)
    made = scene(weights())
    turned = made.accessor(np.ones((20, 4), np.float32), "VEC4")
    made.animate(made.node({"name": "eye_L"}), "rotation", 0, turned)
    made.glb()
    strange = (None, -1, 10**30, 0.5, "x", [], {}, True, [None], 2**31, float("nan"), {"a": []})
    outcomes: set[str] = set()
    for _ in range(200):
        document = json.loads(json.dumps(made.document))
        holder: Any = document
        while True:
            key = rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
            inner = holder[key]
            if isinstance(inner, dict | list) and inner and rng.random() < 0.85:
                holder = inner
                continue
            holder[key] = rng.choice(strange)
            break
        data = glb(json.dumps(document).encode(), made.body)
        outcomes.add(run_case(tmp_path / "take", data))
    assert outcomes == {"read", "refused"}, outcomes


def test_bytes_that_are_no_base64_are_refused(load: Load):
    text = scene(weights()).text().replace(b";base64,", b";base32,")
    with pytest.raises(FacemocapError, match="is not in base64"):
        load(text)
