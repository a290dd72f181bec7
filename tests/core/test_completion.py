# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps found by names, set right and completed by what was measured."""

from __future__ import annotations

from dataclasses import replace

from facemocap_addon.core.controls import BONE, SHAPE_KEY, Control, ControlKey
from facemocap_addon.core.probing.completion import complete_map
from facemocap_addon.core.probing.result import ProbeResult
from facemocap_addon.core.probing.signatures import Signature
from facemocap_addon.core.rig_maps.matching import match
from facemocap_addon.core.rig_maps.rig_map import Fit, RigMap, RigMapEntry, Source

AXES = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def shape(name: str) -> Control:
    return Control(SHAPE_KEY, "face", f'key_blocks["{name}"].value', 0, name)


def bone(name: str, channel: str = "rotation") -> tuple[Control, ...]:
    path = f'pose.bones["{name}"].{channel}'
    return tuple(
        Control(
            BONE, "rig", path, index, name, axis=AXES[index], at=(0, 1.5, 0), tail=(0, 1.5, 0.1)
        )
        for index in range(3)
    )


def measured(
    moving: tuple[Control, ...],
    found: dict[Control, dict[str, float]] | None = None,
    *,
    empty: tuple[Control, ...] = (),
    sure: float = 0.8,
) -> ProbeResult:
    """What probing would hand over: controls that move the face, and what it took them for."""
    entries = tuple(
        RigMapEntry(control.key, tuple(Source(c, g) for c, g in parts.items()), how="probe")
        for control, parts in (found or {}).items()
    )
    return ProbeResult(
        signatures=tuple(
            Signature(c.key, c.name, 1, "jaw", "C", (0.0, -1.0, 0.0), 20.0, 9.0, 1.0, 300)
            for c in moving
        ),
        entries=entries,
        confidences={(s.channel, e.control): sure for e in entries for s in e.sources},
        empty=tuple(control.key for control in empty),
        dead=(),
        duplicates=(),
        wrong_sides=(),
        eye_distance_m=0.06,
        front=(0.0, -1.0, 0.0),
        up=(0.0, 0.0, 1.0),
        found_eyes=True,
    )


def drivers(rig_map: RigMap, channel: str) -> set[ControlKey]:
    return {e.control for e in rig_map.entries if channel in {s.channel for s in e.sources}}


def test_what_names_left_open_is_added_and_the_rest_stays() -> None:
    jaw, other = shape("jawOpen"), shape("zzz")
    by_names = match([jaw, other])
    result = measured((jaw, other), {other: {"mouthFunnel": 1.0}, jaw: {"mouthPucker": 1.0}})
    done = complete_map(by_names, result, (jaw, other))
    assert done.entries[0] == by_names.entries[0]
    assert drivers(done, "mouthFunnel") == {other.key}
    assert drivers(done, "mouthPucker") == set()
    assert "mouthFunnel" not in done.unmatched_channels
    assert done.unmatched_controls == ()
    unsure = complete_map(by_names, replace(result, confidences=dict.fromkeys(
        result.confidences, 0.4)), (jaw, other))  # fmt: skip
    assert unsure == by_names


def test_a_bone_that_moves_nothing_gives_way_to_one_that_does() -> None:
    """Of a generated rig: a bone with the right name that only trims, and the real control."""
    named, real = bone("jaw"), bone("hinge")
    controls = (*named, *real)
    by_names = match(controls)
    assert drivers(by_names, "jawOpen") == {named[0].key}
    result = measured(real, {real[0]: {"jawOpen": 0.4}})
    done = complete_map(by_names, result, controls)
    assert drivers(done, "jawOpen") == {real[0].key}
    assert not drivers(done, "jawLeft")
    assert set(done.unmatched_channels) == set(by_names.unmatched_channels) | {
        "jawLeft", "jawRight", "jawForward"
    } & set(by_names.covered)  # fmt: skip
    assert done.unmatched_controls == ("jaw",)
    # nothing is taken away that moves the face
    assert complete_map(by_names, measured(controls), controls) == by_names


def test_an_empty_shape_gives_way_to_a_bone() -> None:
    empty, jaw = shape("jawOpen"), bone("chin_thing")
    controls = (empty, *jaw)
    by_names = match(controls)
    result = measured(jaw, {jaw[0]: {"jawOpen": 0.3}}, empty=(empty,))
    done = complete_map(by_names, result, controls)
    assert drivers(done, "jawOpen") == {jaw[0].key}
    assert done.unmatched_controls == ("jawOpen",)


def test_what_a_person_has_set_stays() -> None:
    empty = shape("jawOpen")
    by_hand = replace(match([empty]).entries[0], how="hand")
    rig_map = RigMap("x", (by_hand,))
    assert complete_map(rig_map, measured((), empty=(empty,)), (empty,)).entries == (by_hand,)


def test_empty_shapes_leave_their_fit() -> None:
    vowels = [shape(name) for name in "A I U E O Blink".split()]
    by_names = match(vowels)
    (fit,) = by_names.fits
    result = measured(tuple(vowels), empty=(vowels[1],))
    done = complete_map(by_names, result, tuple(vowels))
    rest = [place for place, target in enumerate(fit.targets) if vowels[1].key not in target]
    assert done.fits == (
        Fit(
            tuple(fit.targets[p] for p in rest),
            fit.channels,
            tuple(fit.looks[p] for p in rest),
            tuple(range(4)),
            fit.less,
        ),
    )
    assert done.unmatched_controls == ("I",)


def gains(rig_map: RigMap) -> dict[str, float]:
    return {e.control.path.split('"')[1]: e.sources[0].gain for e in rig_map.entries}


def test_copies_of_a_shape_share_their_channel():
    names = ("MouthCornerPullLeft", "MouthCornerSlantLeft", "MouthUpperUpLeft")
    pull, slant, upper = shapes = tuple(shape(name) for name in names)
    rig_map = RigMap(
        "face",
        entries=tuple(
            RigMapEntry(control.key, (Source(channel),), how="name")
            for control, channel in zip(
                shapes, ("mouthSmileLeft", "mouthSmileLeft", "mouthUpperUpLeft"), strict=True
            )
        ),
    )
    probed = measured(shapes)
    assert complete_map(rig_map, probed, shapes) == rig_map
    same = replace(probed, duplicates=((slant.key, pull.key),))
    shared = complete_map(rig_map, same, shapes)
    assert gains(shared) == dict(zip(names, (0.5, 0.5, 1.0), strict=True))
    # once is enough, and what a person has set stays
    assert complete_map(shared, same, shapes) == shared
    by_hand = replace(
        rig_map, entries=tuple(replace(entry, how="hand") for entry in rig_map.entries)
    )
    assert complete_map(by_hand, same, shapes) == by_hand
    # copies that follow different channels do not act twice over
    apart = replace(probed, duplicates=((upper.key, pull.key),))
    assert complete_map(rig_map, apart, shapes) == rig_map
    # three copies
    three = replace(probed, duplicates=((slant.key, pull.key), (upper.key, slant.key)))
    whole = replace(
        rig_map,
        entries=tuple(replace(e, sources=(Source("mouthSmileLeft"),)) for e in rig_map.entries),
    )
    assert list(gains(complete_map(whole, three, shapes)).values()) == [1 / 3] * 3
