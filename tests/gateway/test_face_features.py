# SPDX-License-Identifier: GPL-3.0-or-later
"""Places of real and sample faces against where people and the generator put them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from facemocap_addon.core.calibration.openings import MOUTH
from facemocap_addon.core.correspondence.bases import bases
from facemocap_addon.core.correspondence.features import FoundFace
from facemocap_addon.core.correspondence.neutral import usual_places
from facemocap_addon.core.correspondence.placement import Placement
from facemocap_addon.core.correspondence.places import mirrored_place, template
from facemocap_addon.core.correspondence.placing import place_points
from facemocap_addon.core.measured import Measured
from facemocap_addon.core.points import Points, points_of
from facemocap_addon.core.probing.result import understand
from facemocap_addon.core.probing.scan import Scan
from facemocap_addon.core.progress import run_job
from facemocap_addon.core.readers import read_take
from facemocap_addon.gateway.characters.characters import find_characters
from facemocap_addon.gateway.files.rig_files import open_rig
from facemocap_addon.gateway.measuring.face_features import find_face_features
from facemocap_addon.gateway.probing.probing import scan_character

SAMPLES = {"arkit_head": "arkit_head.blend", "bone_face": "bone_face.blend", "toon": "toon.blend"}
SHARED = {
    "rocketbox": "rocketbox/Male_Adult_04.fbx",
    "ict": "ict_facekit/ict_facekit.blend",
}
MARKERS = "maya_markers/AnimFace_JawMoCap.ma"


@dataclass(frozen=True)
class Found:
    """A character with everything that was found on it, and its generator's landmarks."""

    scan: Scan
    face: FoundFace
    landmarks: dict[str, np.ndarray]
    seconds: float = 0.0

    def frame(self, places: np.ndarray) -> np.ndarray:
        return self.face.features.to_frame(places)

    def mm(self, lengths: Any) -> Any:
        """Eye distances in millimetres."""
        return np.asarray(lengths) * self.face.features.eye_distance_m * 1000

    def at(self, placement: Placement) -> np.ndarray:
        return self.frame(placement.at(self.scan.points, self.scan.meshes))


@cache
def found_on(path: Path) -> Found:
    scene = open_rig(path, enable_scripts=True)
    picked = find_characters(scene)[0]
    scan = run_job(scan_character(picked, scene))
    measured = Measured(understand(scan), "not kept")
    face = run_job(find_face_features(picked, scene, measured, scan))
    landmarks: dict[str, np.ndarray] = {}
    for mesh in picked.meshes:
        numbers = json.loads(str(bpy.data.objects[mesh.name].get("landmarks", "{}")))
        start = scan.meshes[mesh.name][0]
        landmarks |= {name: scan.points[start + each] for name, each in numbers.items()}
    return Found(scan, face, landmarks)


@pytest.fixture
def find(repo: Path, request: pytest.FixtureRequest) -> Callable[[str], Found]:
    def look(name: str) -> Found:
        if name in SAMPLES:
            return found_on(repo / "sample_rigs" / SAMPLES[name])
        return found_on(request.getfixturevalue("shared") / "rigs" / SHARED[name])

    return look


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[str], None]]:
    lines: list[str] = []
    yield lines.append
    with capsys.disabled():
        print("\n" + "\n".join(lines))


#: Places, the generator's name of the vertex where it puts each, and the millimetres between.
TRUTH = {
    "nose_tip": ("nose_tip", 0.5), "nose_bridge": ("nasion", 1.0), "nose_base": ("subnasale", 1.5),
    "brow_centre": ("glabella", 3.0), "brow_inner_L": ("brow_inner_L", 6.0),
    "brow_middle_L": ("brow_mid_L", 4.0), "brow_outer_L": ("brow_outer_L", 6.0),
    "lid_upper_L": ("lid_up_mid_L", 2.0), "lid_lower_L": ("lid_low_mid_L", 2.0),
    "eye_inner_L": ("eye_inner_L", 4.0), "eye_outer_L": ("eye_outer_L", 4.0),
    "mouth_corner_L": ("mouth_corner_L", 3.0), "lip_upper": ("lip_up_mid", 2.0),
    "lip_lower": ("lip_low_mid", 2.0), "lip_upper_inner": ("lip_seam_up_mid", 1.0),
    "lip_lower_inner": ("lip_seam_low_mid", 1.0), "cheek_L": ("cheek_mid_L", 4.0),
    "nose_wing_L": ("wing_crease_L", 7.0), "chin_below": ("chin", 1.5),
}  # fmt: skip


def test_places_of_the_sample_head_are_where_its_generator_put_them(
    find: Callable[[str], Found], say: Callable[[str], None]
) -> None:
    found = find("arkit_head")
    features = found.face.features
    off: dict[str, float] = {}
    for name, (vertex, _) in TRUTH.items():
        for own, true in {name: vertex, mirrored_place(name): mirrored_place(vertex)}.items():
            away = np.linalg.norm(features.places[own] - found.landmarks[true]) * 1000
            off[own] = float(away)
    say("arkit_head off truth (mm): " + ", ".join(f"{k} {v:.1f}" for k, v in off.items()))
    for name, (_, most) in TRUTH.items():
        assert max(off[name], off[mirrored_place(name)]) < most, name


@pytest.mark.parametrize("name", list(SAMPLES))
def test_places_of_mirrored_heads_are_mirrored(name: str, find: Callable[[str], Found]) -> None:
    found = find(name)
    places = found.face.features.places
    for own, place in places.items():
        other = found.frame(places[mirrored_place(own)]) * [-1, 1, 1]
        assert found.mm(np.linalg.norm(found.frame(place) - other)) < 1.0, own
    assert len(places) > 468 + 68 + 40


#: Picked by hand on the real character (tests/rigs_expressible/landmarks); millimetres.
PICKED = {
    "chin": ("chin", 2.0), "corner_L": ("mouth_corner_L", 5.0), "lid_upper_L": ("lid_upper_L", 2.0),
    "lid_lower_L": ("lid_lower_L", 3.0), "brow_inner_L": ("brow_inner_L", 10.0),
    "nose_wing_L": ("nose_wing_L", 10.0),
}  # fmt: skip


@pytest.mark.shared
def test_places_of_a_game_character_are_where_a_person_picked_them(
    find: Callable[[str], Found], repo: Path, say: Callable[[str], None]
) -> None:
    found = find("rocketbox")
    path = repo / "tests" / "rigs_expressible" / "landmarks" / "rocketbox_male.json"
    picked = json.loads(path.read_text(encoding="utf-8"))["points"]
    for vertex, (name, most) in PICKED.items():
        start = found.scan.meshes[picked[vertex]["mesh"]][0]
        true = found.scan.points[start + picked[vertex]["vertex"]]
        away = float(np.linalg.norm(found.face.features.places[name] - true) * 1000)
        say(f"rocketbox {name} {away:.1f} mm")
        assert away < most, f"{name}: {away:.1f} mm"


@cache
def markers(path: Path) -> tuple[Points, np.ndarray]:
    points = points_of(read_take(path))
    return points, usual_places(points)


@pytest.mark.shared
@pytest.mark.parametrize("name", [*SAMPLES, *SHARED])
def test_real_markers_sit_where_their_names_say(
    name: str, find: Callable[[str], Found], shared: Path, say: Callable[[str], None]
) -> None:
    """Told by plain rules about heights and sides, from the lids' and the lips' own edges."""
    found = find(name)
    points, neutral = markers(shared / "takes" / MARKERS)
    placement = place_points(points.names, neutral, found.face)
    assert placement.placed.all()
    assert placement.findings == ()
    at = dict(zip(points.names, found.at(placement), strict=True))
    for marker, place in at.items():
        side = re.search(r"^[LR](?=[a-z])|(?<=_|p|n)[LR]", marker)
        if side is None:
            assert abs(place[0]) < 0.12, marker
        else:
            assert place[0] * (1 if side[0] == "L" else -1) > 0.1, marker
    gaps = found.face.skin.gaps
    for side, lids in (("L", "left_lids"), ("R", "right_lids")):
        eye = np.median(gaps[lids].heights)
        assert gaps[lids].above(at[f"{side}eye_Up"][None])[0] > 0.02
        assert gaps[lids].above(at[f"{side}eye_Down"][None])[0] < -0.02
        brows = [at[f"{side}eyebrow_{each}"] for each in ("Inside", "M", "Outside")]
        assert min(brow[1] for brow in brows) > max(eye, at[f"{side}eye_Up"][1])
        assert abs(brows[0][0]) < abs(brows[1][0]) < abs(brows[2][0])
        assert abs(at[f"{side}eye_Inside"][0]) < 0.35
        assert abs(at[f"{side}eye_Outside"][0]) > 0.6
        assert at[f"{side}cheek_Down"][1] < at[f"{side}cheek_Up"][1] < at[f"{side}eye_Down"][1]
    lips, mouth = gaps[MOUTH], np.median(gaps[MOUTH].heights)
    for marker in ("Mouth_Up", "Mouth_UpL1", "Mouth_UpR1", "Mouth_Down", "Mouth_DownL"):
        above = lips.above(at[marker][None])[0]
        assert above * (1 if "Up" in marker else -1) > 0, marker
        assert abs(above) < 0.35, marker
    for marker in ("Mouth_Lend", "Mouth_Rend"):
        assert abs(at[marker][1] - mouth) < 0.1
    tip = found.frame(found.face.features.places["nose_tip"])
    assert found.mm(np.linalg.norm(at["NoseHead"] - tip)) < 6.0
    assert at["Chin"][1] < mouth - 0.2
    assert at["ForeHead_M"][1] > at["Eyebrow_Center"][1] + 0.2
    say(
        f"{name}: moved {np.median(placement.moved_mm):.1f} mm, at most "
        f"{placement.moved_mm.max():.1f}; least confidence {placement.confidence.min():.2f}"
    )


@pytest.mark.shared
@pytest.mark.parametrize("name", list(SAMPLES))
def test_a_symmetric_set_is_placed_symmetrically(
    name: str, find: Callable[[str], Found], shared: Path, say: Callable[[str], None]
) -> None:
    found = find(name)
    points, neutral = markers(shared / "takes" / MARKERS)
    first = place_points(points.names, neutral, found.face)
    assert first.actor is not None
    fitted = found.frame(first.actor.places(neutral))
    row = {place: number for number, place in enumerate(first.places)}
    partner = np.array([row[mirrored_place(place)] for place in first.places])
    even = 0.5 * (fitted + fitted[partner] * [-1, 1, 1]) * 0.06
    at = found.at(place_points(points.names, even, found.face))
    off = found.mm(np.linalg.norm(at - at[partner] * [-1, 1, 1], axis=1))
    say(f"{name}: markers symmetric to {off.max():.2f} mm")
    assert off.max() < 1.0
    for kind in ("lm68", "mp"):
        names = [each for each in template().places if each.startswith(kind)]
        own = np.array([template().places[each] for each in names]) * 0.06
        at = found.at(place_points(names, own, found.face))
        partner = np.array([names.index(mirrored_place(each)) for each in names])
        off = found.mm(np.linalg.norm(at - at[partner] * [-1, 1, 1], axis=1))
        say(f"{name}: {kind} symmetric to {off.max():.2f} mm")
        assert off.max() < 1.0


def test_landmarks_of_lids_and_lips_lie_on_their_own_side(find: Callable[[str], Found]) -> None:
    """The inner lips touch: what tells them apart is which goes with the jaw."""
    found = find("arkit_head")
    names = [each for each in template().places if each.startswith("lm68")]
    own = np.array([template().places[each] for each in names]) * 0.06
    placement = place_points(names, own, found.face)
    mesh = placement.meshes[placement.mesh[0]]
    own_controls = [
        next(
            m.control for m in found.scan.motions if m.control.name == n and m.control.owner == mesh
        )
        for n in ("jawOpen", "eyeBlinkLeft")
    ]
    moved = bases(placement, found.scan, own_controls).reshape(len(names), 3, 2)
    opened, shut = moved @ np.eye(2)[0], moved @ np.eye(2)[1]
    down = -opened @ found.face.features.axes[1]
    row = {each: number for number, each in enumerate(names)}
    upper = [row[f"lm68_{k}"] for k in (61, 62, 63, 51)]
    lower = [row[f"lm68_{k}"] for k in (65, 66, 67, 57)]
    assert down[lower].min() > 5.0
    assert np.abs(down[upper]).max() < 2.0
    lids = -shut @ found.face.features.axes[1]
    assert lids[[row["lm68_43"], row["lm68_44"]]].min() > 4.0
    assert np.abs(lids[[row["lm68_46"], row["lm68_47"]]]).max() < 3.0
    assert np.abs(lids[[row["lm68_37"], row["lm68_38"]]]).max() < 0.1
