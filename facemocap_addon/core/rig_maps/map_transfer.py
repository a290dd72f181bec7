# SPDX-License-Identifier: GPL-3.0-or-later
"""A rig map carried over from one character to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..channels import squeeze
from ..controls import BONE, Control, ControlKey
from .rig_map import Fit, RigMap, RigMapEntry


@dataclass(frozen=True)
class Transfer:
    """A map for another character, and what of the old one found no place there.

    Attributes
    ----------
    rig_map : RigMap
    carried : int
        Entries that were taken over.
    missing : tuple of str
        Controls of the old map that the character lacks, as ``owner: path``.
    """

    rig_map: RigMap
    carried: int
    missing: tuple[str, ...]


def transfer_map(source: RigMap, own: RigMap, controls: Sequence[Control]) -> Transfer:
    """Put the entries of ``source`` on the controls of another character.

    A control gets the entry of the same owner and path; else that of the same path on the owner
    whose name is most like its own; else that of the same name. What the other map has and leaves
    at rest is left at rest; ``own`` goes on where ``source`` says nothing.

    Parameters
    ----------
    source : RigMap
        The other character's map.
    own : RigMap
        The character's own, as it was found.
    controls : sequence of Control
        What the character offers to be keyed; driven controls get nothing.
    """
    free = [control for control in controls if not control.driven_by]
    partners = {control.key: _partner(control, source.entries) for control in free}
    places: dict[ControlKey, list[ControlKey]] = {}
    for key, entry in partners.items():
        if entry is not None:
            places.setdefault(entry.control, []).append(key)
    carried = [
        replace(entry, control=key)
        for entry in source.entries
        for key in places.get(entry.control, ())
    ]
    taken = {entry.control for entry in carried}
    met = {s.channel for entry in carried for s in entry.sources}
    names = {control.key: control.name for control in free}
    at_rest = set(source.unmatched_controls)
    kept = [
        entry
        for entry in own.entries
        if entry.control not in taken
        and entry.control in names
        and names[entry.control] not in at_rest
        and not met & {s.channel for s in entry.sources}
    ]
    put = {*taken, *(entry.control for entry in kept)}
    fits = [fit for fit in (_fit(fit, places) for fit in source.fits) if fit is not None]
    fitted = {control for fit in fits for target in fit.targets for control in target}
    fits += [
        fit
        for fit in own.fits
        if all(c in put and c not in taken | fitted for target in fit.targets for c in target)
    ]
    whole = RigMap(own.rig, (*carried, *kept), fits=tuple(fits))
    moved = {names[key] for key in put}
    dropped = [names[e.control] for e in own.entries if e.control in names]
    idle = [name for name in (*own.unmatched_controls, *dropped) if name not in moved]
    left = (*source.unmatched_channels, *own.unmatched_channels, *source.channels, *own.channels)
    return Transfer(
        rig_map=replace(
            whole,
            unmatched_channels=tuple(dict.fromkeys(n for n in left if n not in whole.covered)),
            unmatched_controls=tuple(dict.fromkeys(idle)),
        ),
        carried=len(carried),
        missing=tuple(
            f"{entry.control.owner}: {entry.control.path}"
            for entry in source.entries
            if entry.control not in places
        ),
    )


def fits_as_it_is(rig_map: RigMap, controls: Sequence[Control]) -> bool:
    """Whether a character has every control that a map drives."""
    free = {control.key for control in controls if not control.driven_by}
    return all(entry.control in free for entry in rig_map.entries)


def _partner(control: Control, entries: Sequence[RigMapEntry]) -> RigMapEntry | None:
    """The entry that a control takes over, or None."""
    same = [e for e in entries if e.control == control.key]
    if not same:
        same = [
            e
            for e in entries
            if (e.control.kind, e.control.path, e.control.index)
            == (control.kind, control.path, control.index)
        ]
    if not same:
        same = [e for e in entries if _called(e.control) == _called(control.key)]
    return max(same, key=lambda e: _alike(e.control.owner, control.owner), default=None)


def _called(key: ControlKey) -> tuple[str, str, int]:
    """Kind, name as letters and digits, and component: what stays when paths are written anew."""
    name = key.path
    if '["' in name:
        name = name[name.rindex('["') + 2 :].partition('"]')[0]
    movement = key.path.rpartition(".")[2] if key.kind == BONE else ""
    return f"{key.kind} {movement}", squeeze(name) or name, key.index


def _alike(one: str, two: str) -> int:
    """How alike two objects' names are: the letters with which both begin, then all the same."""
    one, two = one.casefold(), two.casefold()
    length = next(
        (n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b),
        min(len(one), len(two)),
    )
    return length + 1000 * (one == two)


def _fit(fit: Fit, places: Mapping[ControlKey, Sequence[ControlKey]]) -> Fit | None:
    """The fit on other controls; targets that the character lacks are left out."""
    targets = [
        tuple(new for old in target for new in places.get(old, ())) for target in fit.targets
    ]
    kept = [number for number, target in enumerate(targets) if target]
    if not kept:
        return None
    return replace(
        fit,
        targets=tuple(targets[number] for number in kept),
        looks=tuple(fit.looks[number] for number in kept),
        sum_at_most_one=tuple(kept.index(n) for n in fit.sum_at_most_one if n in kept),
    )
