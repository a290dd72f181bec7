# SPDX-License-Identifier: GPL-3.0-or-later
"""Which part of the face a shape key, bone or property moves, by its name alone.

For curves that nobody mapped: names of channels first, then the naming conventions that the names
together follow, then the roles of bones, then single words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..channels import arkit_names, arkit_schema, match_name
from ..rig_maps.bone_roles import face_roles, rank_name
from ..rig_maps.conventions import conventions
from ..rig_maps.map_view import region_of
from ..rig_maps.side_names import split_side
from ..stack.regions import REGIONS

#: Regions that can be asked for.
PARTS = REGIONS
SIDES = ("L", "R", "C")
#: Region and side.
Place = tuple[str, str]

#: So many names must follow a convention before the others are read by it.
_LEAST = 3
#: Single words, the more telling ones first.
_WORDS = (
    ("brow", ("brow", "eyebrow", "forehead", "brows")),
    ("tongue", ("tongue",)),
    ("eye", ("lid", "lids", "eyelid", "blink", "squint", "wink", "eyelids")),
    ("gaze", ("gaze", "look", "eyeball", "pupil", "eye", "eyes")),
    ("jaw", ("jaw", "chin")),
    ("mouth", ("mouth", "lip", "lips", "smile", "viseme", "vrc", "phoneme", "teeth")),
    ("cheek", ("cheek", "cheeks")),
    ("nose", ("nose", "nostril", "sneer")),
    ("head", ("head", "neck")),
)


def parts_of_names(names: Sequence[str], *, bones: bool = False) -> dict[str, frozenset[Place]]:
    """Regions and sides of names that belong together: shape keys of one mesh, bones of one rig.

    Names that say nothing are of region ``other``, in the middle.
    """
    left: list[str] = []
    out: dict[str, frozenset[Place]] = {}
    for name in dict.fromkeys(names):
        channel = None if bones else match_name(name, arkit_names())
        if channel is not None:
            out[name] = places_of_channels([channel])
        else:
            left.append(name)
    if not bones:
        out |= _by_convention(names, left)
    for name in left:
        if name not in out:
            out[name] = (_by_role(name) if bones else frozenset()) or frozenset([_by_word(name)])
    return out


def places_of_channels(channels: Iterable[str]) -> frozenset[Place]:
    """Regions and sides of channels."""
    schema = arkit_schema()
    return frozenset(
        (region_of(name), schema[name].side if name in schema else "C") for name in channels
    )


def _by_convention(names: Sequence[str], wanted: Sequence[str]) -> dict[str, frozenset[Place]]:
    found = [(each, each.recognise(names)) for each in conventions()]
    found = [pair for pair in found if len(pair[1]) >= _LEAST]
    # the convention that knows most of the names is theirs
    found.sort(key=lambda pair: -len(pair[1]))
    out: dict[str, frozenset[Place]] = {}
    for convention, known in found:
        for name in wanted:
            sources = convention.targets.get(known[name][0], ()) if name in known else ()
            if name in out or not sources:
                continue
            largest = max(abs(source.gain) for source in sources)
            main = [s.channel for s in sources if abs(s.gain) >= 0.5 * largest]
            out[name] = places_of_channels(main)
    return out


def _by_role(name: str) -> frozenset[Place]:
    words, side = split_side(name)
    best: tuple[int, str, list[str]] | None = None
    for role in face_roles():
        if role.get("sided", False) != (side != "C"):
            continue
        ranked = rank_name(words, role["names"])
        if ranked is not None and (best is None or ranked[0] < best[0]):
            named = {"L": "Left", "R": "Right", "C": ""}[side]
            channels = [motion["channel"].replace("~", named) for motion in role["motions"]]
            best = (ranked[0], role["role"], [c for c in channels if c in arkit_schema()])
    if best is None:
        return frozenset()
    if not best[2]:
        region = {"eye": "gaze"}.get(best[1], "head")
        return frozenset([(region, side)])
    # what a bone does first is what it is for
    return frozenset([(region_of(best[2][0]), side)])


def _by_word(name: str) -> Place:
    words, side = split_side(name)
    parts = words.split(" ")
    for region, known in _WORDS:
        if any(word in known for word in parts):
            return region, side
    return "other", side
