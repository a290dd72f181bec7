# SPDX-License-Identifier: GPL-3.0-or-later
"""Naming conventions on real rigs, and beside tables that were made independently."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.controls import SHAPE_KEY, Control
from facemocap_addon.core.rig_maps.conventions import Convention, conventions, plain
from facemocap_addon.core.rig_maps.matching import match, recognise

Claims = dict[str, dict[str, float]]


def shape(name: str, owner: str = "face") -> Control:
    return Control(SHAPE_KEY, owner, f'key_blocks["{name}"].value', 0, name)


def claims(names: list[str]) -> Claims:
    controls = [shape(name) for name in names]
    named = {control.key: control.name for control in controls}
    return {
        named[entry.control]: {s.channel: s.gain for s in entry.sources}
        for entry in match(controls).entries
    }


def by_name(name: str) -> Convention:
    return next(convention for convention in conventions() if convention.name == name)


#: Shapes of the rig that stay at rest, each because another one of the rig does its work.
AT_REST = {
    "cc4_extended": set[str](),
    "unified_expressions": set[str](),
    "mmd": {"まばたき", "笑い", "真面目", "にこり", "下"},
}


@pytest.mark.shared
@pytest.mark.parametrize("name", AT_REST)
def test_rigs_of_other_habits_against_their_truth(
    name: str, shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = json.loads((shared / "rigs" / "conventions" / "ground_truth.json").read_text())[name]
    found = claims(list(truth))
    wanted = set(truth) - AT_REST[name]
    right = 0
    for target, channels in found.items():
        made_of = truth[target]["arkit"]
        largest = max(channels.values())
        main = {c for c, gain in channels.items() if gain >= 0.5 * largest}
        right += bool(main & set(made_of)) or set(made_of) <= {"eyeBlinkLeft", "eyeBlinkRight"}
        sides = {arkit_schema()[c].side for c in main} - {"C"}
        true_sides = {arkit_schema()[c].side for c in made_of} - {"C"}
        assert sides <= (true_sides or {"L", "R"}), (target, channels)
        mask = truth[target]["mask"]
        if mask[:1] in ("L", "R") and sides:
            assert sides == {mask[:1]}, target
    reached = {c for t in found for c, w in truth[t]["arkit"].items() if w >= 0.3}
    possible = {c for t in truth for c, w in truth[t]["arkit"].items() if w >= 0.3}
    recall, precision = len(wanted & set(found)) / len(wanted), right / len(found)
    with capsys.disabled():
        print(
            f"\n{name}: recall {recall:.3f}, precision {precision:.3f}, "
            f"channels {len(reached)} of {len(possible)}"
        )
    assert recall >= 0.95
    assert precision == 1.0
    assert set(found) <= wanted
    assert reached == possible


def glb_targets(path: Path) -> list[str]:
    """Shape names in a binary glTF, read from its JSON chunk."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    gltf = json.loads(data[20 : 20 + length])
    return [n for m in gltf["meshes"] for n in m.get("extras", {}).get("targetNames", [])]


@pytest.mark.shared
def test_a_vrm_file(shared: Path) -> None:
    names = list(
        dict.fromkeys(glb_targets(shared / "rigs" / "makehuman" / "makehuman_vrm1_test.vrm"))
    )
    assert len(names) == 17
    assert set(names) - set(claims(names)) == {"blink", "relaxed"}


BLENDS = {
    "makehuman/makehuman_face_female.blend": ("arkit", 52, 0),
    "ict_facekit/ict_facekit.blend": ("ict_facekit", 53, 0),
}


def _shape_controls() -> list[Control]:
    import bpy

    return [
        shape(block.name, obj.name)
        for obj in bpy.data.objects
        if obj.type == "MESH" and obj.data.shape_keys
        for block in obj.data.shape_keys.key_blocks[1:]
    ]


@pytest.mark.shared
@pytest.mark.parametrize("path", BLENDS)
def test_blend_files_of_real_heads(path: str, shared: Path) -> None:
    import bpy

    bpy.ops.wm.open_mainfile(filepath=str(shared / "rigs" / path), use_scripts=False)
    controls = _shape_controls()
    name, driven, missing = BLENDS[path]
    rig_map = match(controls)
    assert recognise(controls)[0][0].name == name
    names = {control.key: control.name for control in controls}
    assert len({names[e.control] for e in rig_map.entries}) == driven
    convention = by_name(name)
    spelt = {plain(target) for target in convention.targets}
    assert {plain(names[e.control]) for e in rig_map.entries} <= spelt
    assert len(spelt) - driven == missing


@pytest.mark.parametrize(
    ("rig", "name", "at_rest"),
    [("arkit_head", "arkit", set[str]()), ("toon", "vrm0", {"Blink", "Fun"})],
)
def test_sample_rigs(rig: str, name: str, at_rest: set[str], sample_rigs: Path) -> None:
    import bpy

    bpy.ops.wm.open_mainfile(filepath=str(sample_rigs / f"{rig}.blend"), use_scripts=False)
    controls = _shape_controls()
    assert recognise(controls)[0][0].name == name
    rig_map = match(controls)
    assert set(rig_map.unmatched_controls) == at_rest
    assert len(rig_map.entries) == len([c for c in controls if c.name not in at_rest])
    assert bool(rig_map.fits) == (rig == "toon")
    for fit in rig_map.fits:
        # one target a shape, on head, teeth, tongue alike
        assert len(fit.targets) == 5
        assert all(len({key.owner for key in target}) == len(target) for target in fit.targets)
        assert len(fit.targets[0]) > 1


#: Where an independent table says something else: target to why.
DIFFERENT = {
    "metahuman_ctrl_expressions": {"CTRL_expressions_jawFwd": "0.999 there, a sample of 1"},
    "unified_simple": dict.fromkeys(
        ("BrowUpLeft", "BrowUpRight", "MouthSadLeft", "MouthSadRight"),
        "drivable, but four names beside ARKit's are too few to be told by",
    ),
}
#: Driven here and not there: what for.
ALSO = {
    "mmd": dict.fromkeys(("ウィンク", "ウィンク右"), "eyes that close over raised cheeks, in a fit")
}
#: Sets of bones and of sliders that are moved like bones: not found by the names of shapes.
NOT_SHAPES = {"metahuman_board_maya", "makehuman_poseunits60"}
#: Names that stay at rest here and not there: the whole set has another one for the same thing.
RESTING = {
    "facs_au": {"AU23L", "AU23R", "AU25", "AU27", "AU34", "AU46L", "AU46R"},
    "vrm1": {"blink"},
    "vrm0": {"blink"},
    "vroid_fcl": {"Fcl_MTH_Down"},
    "mmd": {"∧", "にやり", "にっこり", "真面目", "下"},
    "microsoft_visemes22": {"aa_ah_ax_01", "ow_08", "r_13"},
    "preston_blair10": {"WQ"},
    "daz_visemes_g3_g8": {"eCTRLvIY", "eCTRLvIH", "eCTRLvW"},
    "cc3_traditional": {"Mouth_Bottom_Lip_Down"},
    "readyplayerme": {"mouthOpen", "mouthSmile", "eyesClosed", "eyesLookUp", "eyesLookDown"},
    "makehuman_expression_units": {"neck-platysma"},
    "unified_simple": set(DIFFERENT["unified_simple"]),
}


@pytest.mark.shared
def test_independent_tables(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tables = json.loads((shared / "reference" / "rig_conventions.json").read_text())
    about = json.loads((shared / "reference" / "rig_conventions_meta.json").read_text())
    lines = ["", "names driven, with equal weights, of the independent table's:"]
    for name, table in tables.items():
        if name in NOT_SHAPES:
            continue
        found = claims(list(table))
        wanted = {target: parts for target, parts in table.items() if parts}
        equal = {t for t in wanted if found.get(t) == wanted[t]}
        lines.append(
            f"  {name:28} {len(set(found) & set(wanted)):3} {len(equal):3} of {len(wanted)}"
        )
        assert set(found) - set(wanted) == set(ALSO.get(name, {})), name
        assert set(wanted) - set(found) == RESTING.get(name, set()), name
        if about["conventions"][name]["status"].startswith("verified"):
            assert set(wanted) - equal == set(DIFFERENT.get(name, {})), name
        for target in set(found) & set(wanted) - equal:
            # weights may be judged otherwise; what they rest on may not
            main = max(wanted[target], key=lambda c: abs(wanted[target][c]))
            assert main in found[target] or name == "live2d_cubism", (name, target)
    with capsys.disabled():
        print("\n".join(lines))
