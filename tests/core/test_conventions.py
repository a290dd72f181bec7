# SPDX-License-Identifier: GPL-3.0-or-later
"""Naming conventions: complete, consistent, and read in every spelling."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facemocap_addon.core.channels import arkit_names, arkit_schema
from facemocap_addon.core.controls import PROPERTY, SHAPE_KEY, Control
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.rig_maps.conventions import (
    CUT_BYTES,
    Convention,
    convention_from_json,
    conventions,
    plain,
)
from facemocap_addon.core.rig_maps.matching import match, recognise
from facemocap_addon.core.rig_maps.retargeting import retarget
from facemocap_addon.core.take import make_take

ALL = conventions()
EVERY = pytest.mark.parametrize("convention", ALL, ids=lambda c: c.name)
Claims = dict[str, dict[str, float]]


def shape(name: str, owner: str = "face", kind: str = SHAPE_KEY) -> Control:
    path = f'key_blocks["{name}"].value' if kind == SHAPE_KEY else f'["{name}"]'
    return Control(kind, owner, path, 0, name)


def claims(names: list[str]) -> Claims:
    controls = [shape(name) for name in names]
    named = {control.key: control.name for control in controls}
    return {
        named[entry.control]: {s.channel: s.gain for s in entry.sources}
        for entry in match(controls).entries
    }


def by_name(name: str) -> Convention:
    return next(convention for convention in ALL if convention.name == name)


def weights(convention: Convention, target: str) -> dict[str, float]:
    return {source.channel: source.gain for source in convention.targets[target]}


def document(name: str, repo: Path) -> dict[str, Any]:
    path = repo / "facemocap_addon" / "data" / "conventions" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_conventions_that_the_manual_names_are_all_there(repo: Path) -> None:
    text = (repo / "docs" / "conventions.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `(\w+)` \|.*\| (?:verified|judgement) \|", text, re.MULTILINE))
    assert named == {convention.name for convention in ALL}
    assert len(named) >= 30


@EVERY
def test_every_channel_is_covered_or_has_a_reason(convention: Convention) -> None:
    covered = {channel for t in convention.targets for channel in weights(convention, t)}
    covered |= {c for fit in convention.fits for look in fit.looks.values() for c in look}
    left = set(arkit_names()) - covered
    assert left == set(convention.not_covered)


def mirrored(parts: dict[str, float]) -> dict[str, float]:
    return {arkit_schema()[channel].partner: gain for channel, gain in parts.items()}


def neutral(name: str) -> str:
    """A name without its sides and numbers."""
    return re.sub(r"Left|left|Right|right|左|右|L|R|\d+", "", name)


@EVERY
def test_mirrored_targets_mirror_their_weights(convention: Convention) -> None:
    both = {target: weights(convention, target) for target in convention.targets}
    for number, fit in enumerate(convention.fits):
        both |= {f"{target}#{number}": dict(look) for target, look in fit.looks.items()}
    for target, parts in both.items():
        wanted = mirrored(parts)
        # a signed control's mirror image may be the control itself, turned round
        turned = {channel: -gain for channel, gain in wanted.items()}
        twins = [name for name in both if neutral(name) == neutral(target)]
        assert any(both[twin] in (wanted, turned) for twin in twins), target


SIDED_NAME = re.compile(
    r"(?P<L>Left|left|左)|(?P<R>Right|right|右)"
    r"|(?:(?<=[a-z0-9UD_])|(?<=_))(?:(?P<l>L)|(?P<r>R))(?=[BT]?$|_)"
)


@EVERY
def test_left_targets_use_left_channels(convention: Convention) -> None:
    checked = 0
    for target in convention.targets:
        found = [m.lastgroup for m in SIDED_NAME.finditer(target)]
        for channel, gain in weights(convention, target).items():
            known = arkit_schema()[channel]
            # looks, jaw and mouth have directions: "to the left" is no side
            directed = re.match(r"eyeLook|jaw(Left|Right)|mouth(Left|Right)|head", channel)
            if known.side == "C" or directed or not found or gain < 0:
                continue
            if convention.name == "sranipal" and "Sad" in target:
                continue  # takes the mean of both sides' frowns
            assert (found[0] or "").upper() == known.side, (target, channel)
            checked += 1
    whole = all(not SIDED_NAME.search(target) for target in convention.targets)
    assert checked or whole or convention.kind == "composite" or convention.name == "live2d"


@EVERY
def test_gaze_goes_the_way_its_name_says(convention: Convention) -> None:
    """In is to the nose: the left eye's In and the right eye's Out look to the right."""
    to_left = {"eyeLookOutLeft", "eyeLookInRight", "jawLeft", "mouthLeft"}
    to_right = {"eyeLookInLeft", "eyeLookOutRight", "jawRight", "mouthRight"}
    for target in convention.targets:
        positive = {c for c, gain in weights(convention, target).items() if gain > 0}
        assert not (positive & to_left and positive & to_right), target
        way = re.search(
            r"Look_?(Left|Right)|Look_(L|R)$|^(?:Jaw|Mouth|Midmouth)_?(Left|Right)$", target
        )
        if way and positive & (to_left | to_right):
            says = next(part for part in way.groups() if part)[0]
            assert positive <= (to_left if says == "L" else to_right), target


@EVERY
def test_the_rule_for_closed_lips_is_what_the_targets_do(convention: Convention) -> None:
    closing = {t: weights(convention, t).get("mouthClose", 0.0) for t in convention.targets}
    jaw = {t: weights(convention, t).get("jawOpen", 0.0) for t in convention.targets}
    shapes = [t for t, gain in closing.items() if gain > 0.5]
    opening = [t for t, gain in jaw.items() if gain > 0.3 and closing[t] == -gain]
    over = {
        s.over
        for t in convention.targets
        for s in convention.targets[t]
        if s.channel == "mouthClose"
    }
    expected = {
        "shape": (True, convention.name == "readyplayerme", {""}),
        "subtracted": (False, True, {""}),
        "split": (True, True, {""}),
        "quotient": (True, False, {"jawOpen"}),
    }
    assert (bool(shapes), bool(opening), over) == expected[convention.mouth_close]


@EVERY
def test_signed_controls_have_a_negative_side(convention: Convention) -> None:
    for target, (low, high) in convention.signed.items():
        assert low < 0 < high
        assert convention.targets[target]
    negative = {
        t for t in convention.targets if any(g < 0 for g in weights(convention, t).values())
    }
    assert bool(convention.signed) == (convention.kind == "signed")
    if convention.kind == "signed":
        unsigned = {
            t
            for t in negative - set(convention.signed)
            if set(weights(convention, t)) - {"mouthClose"}
            and all(g < 0 for c, g in weights(convention, t).items() if c.startswith("eyeLook"))
        }
        assert all("Open" in target for target in unsigned), unsigned
    properties = [shape(t, kind=PROPERTY) for t in convention.targets]
    limits = {e.control.path: e.limits for e in match(properties).entries}
    for target, (low, high) in convention.signed.items():
        if f'["{target}"]' in limits:
            assert limits[f'["{target}"]'] == (min(low, 0.0), max(high, 1.0))


@EVERY
def test_its_names_are_read_with_prefixes_and_cuts(convention: Convention) -> None:
    names = [*convention.targets, *convention.not_driven]
    for spelt in (
        lambda n: n,
        lambda n: f"Genesis3Female__{n}",
        lambda n: f"blendShape1.{n}",
        lambda n: f" {n} ",
        lambda n: f"head_{n}",
    ):
        found = convention.recognise([spelt(name) for name in names])
        assert {name: found[spelt(name)][0] for name in names} == {name: name for name in names}
    cut = [n for n in names if len(n.encode("cp932", "replace")) > CUT_BYTES]
    short = {n: n.encode("cp932", "replace")[:CUT_BYTES].decode("cp932", "ignore") for n in cut}
    whole = {plain(name) for name in convention.spellings}
    for name, text in short.items():
        if list(short.values()).count(text) == 1 and plain(text) not in whole:
            assert convention.recognise([text]).get(text, ("", False))[0] in (name, ""), name


@EVERY
def test_a_rig_that_has_it_is_recognised_and_driven(convention: Convention) -> None:
    names = [*convention.targets, *convention.not_driven]
    found = claims(names)
    first = recognise([shape(name) for name in names])[0][0]
    # ARKit's own names lead where they are all there
    assert convention.name in (first.name, "readyplayerme")
    active = set(convention.active(names))
    if convention.name == "readyplayerme":
        active -= {"mouthOpen", "mouthSmile", "eyesClosed", "eyesLookUp", "eyesLookDown"}
    assert set(found) == active
    for target in active:
        assert found[target] == weights(convention, target)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.update(schema=2), "schema must be 1"),
        (lambda d: d.pop("label"), "label is missing"),
        (lambda d: d.update(colour="red"), "colour is no field"),
        (lambda d: d.update(kind="some"), "kind must be one of"),
        (lambda d: d["targets"].update(A={}), "A needs at least one channel"),
        (lambda d: d["targets"].update(A={"jawOpne": 1}), "unknown channel jawOpne"),
        (lambda d: d["fingerprint"].append("Z"), "Z of the fingerprint is no target"),
        (lambda d: d["not_covered"].update(x=""), "x of not_covered needs a reason"),
        (lambda d: d["fits"][0]["looks"].update(Z={"jawOpen": 1}), "Z of fit 1 is no target"),
        (lambda d: d["not_driven"].update(A="no"), "A is both driven and not"),
    ],
)  # fmt: skip
def test_errors_name_what_is_wrong(change: Any, words: str, repo: Path) -> None:
    data = document("vrm0", repo)
    change(data)
    with pytest.raises(FacemocapError, match=re.escape(words)):
        convention_from_json(data, "vrm0")


def test_one_kind_of_blink_only() -> None:
    """Both eyes' blink or one for each, whatever is there."""
    mmd = ["まばたき", "あ", "い", "う", "え", "お"]
    cases = {
        (): {"まばたき"},
        ("ウィンク",): {"まばたき"},
        ("ウィンク", "ウィンク右"): {"ウィンク", "ウィンク右"},
        ("ウィンク", "ウィンク右", "ウィンク２"): {"ウィンク", "ウィンク右"},
        # a straight and a smiling wink are mixed, within one (test_eyes_that_close_over_a_smile)
        ("ウィンク", "ウィンク右", "ウィンク２", "ウィンク２右"): {
            "ウィンク",
            "ウィンク右",
            "ウィンク２",
            "ウィンク２右",
        },
        ("ｳｨﾝｸ２左", "ｳｨﾝｸ２右"): {"ｳｨﾝｸ２左", "ｳｨﾝｸ２右"},
    }
    for extra, wanted in cases.items():
        found = claims([*mmd, *extra])
        lids = {n for n, parts in found.items() if any(c.startswith("eyeBlink") for c in parts)}
        assert lids == wanted, extra


def test_eyes_that_close_over_a_smile() -> None:
    """A straight wink for a blink, the smiling one as far as the cheeks rise, never past closed."""
    names = [*"まばたき あ い う え お ウィンク ウィンク右 ウィンク２ ウィンク２右".split()]
    channels = [arkit_schema()[f"{n}Left"] for n in ("eyeBlink", "cheekSquint", "eyeSquint")]
    faces = np.array([[1, 0, 0], [0.4, 0, 0], [1, 0.9, 0.5], [1, 0.45, 0.25], [0, 0.6, 0.4]])
    result = retarget(
        make_take(np.arange(len(faces)) * 1.0, channels, faces), match([shape(n) for n in names])
    )
    value = {
        control.path.split('"')[1]: column
        for control, column in zip(result.controls, result.values.T, strict=True)
    }
    assert value["ウィンク２"] == pytest.approx([1.0, 0.4, 0.0, 0.5, 0.0], abs=0.01)
    assert value["ウィンク"][:4] == pytest.approx([0.0, 0.0, 1.0, 0.5], abs=0.01)
    # a smile narrows the eye, as raised cheeks do, and leaves it open
    assert 0.1 < value["ウィンク"][4] < 0.4
    assert np.all(value["ウィンク２"] + value["ウィンク"] <= 1 + 1e-9)
    assert not [name for name in value if name.endswith("右")]


def test_presets_and_visemes_rest_beside_arkit_shapes() -> None:
    extra = [
        *by_name("oculus_visemes").targets,
        *by_name("vrm1").targets,
        *by_name("vroid").targets,
    ]
    found = claims([*arkit_names(), *extra])
    assert set(found) == set(arkit_names())
    some = [*arkit_names()[:30], *extra]
    assert set(claims(some)) == set(arkit_names()[:30])


def test_halves_of_middle_shapes_join_an_arkit_rig() -> None:
    names = [n for n in arkit_names() if n not in ("browInnerUp", "cheekPuff")]
    found = claims([*names, "browInnerUp_L", "browInnerUp_R", "cheekPuffLeft", "cheekPuffRight"])
    assert found["browInnerUp_L"] == found["browInnerUp_R"] == {"browInnerUp": 1.0}
    assert found["cheekPuffLeft"] == {"cheekPuff": 1.0}
    assert len(found) == 54


def test_mouth_visemes_and_another_habits_eyes_go_together() -> None:
    visemes = [*by_name("vrchat_visemes").targets]
    found = claims(
        [*visemes, "まばたき", "ウィンク", "ウィンク右", "あ", "い", "う", "え", "お", "怒り"]
    )
    assert set(visemes) <= set(found)
    assert {"ウィンク", "ウィンク右", "怒り"} <= set(found)
    assert not {"あ", "い", "う", "え", "お", "まばたき"} & set(found)
