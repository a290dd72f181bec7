# SPDX-License-Identifier: GPL-3.0-or-later
"""Rig maps found by names: shape keys, custom properties and bones against a take's channels.

What has no partner on either side is reported, not guessed. Conventions are told apart over the
whole character: one leads, others add only what it leaves open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..channels import arkit_names, arkit_schema, match_name, squeeze
from ..controls import BONE, PROPERTY, Control, ControlKey
from ..drivers.driver_following import follow_drivers
from ..take import Take
from .bone_matching import match_bones
from .carried_map import with_carried
from .conventions import Convention, FitRule, conventions
from .rig_map import Fit, RigMap, RigMapEntry, Source

#: A rig with this many ARKit shapes is an ARKit rig, whatever else it carries.
ARKIT_SURE = 45
#: A rig with shapes for this many channels needs no composite presets; these stay at rest.
ENOUGH = 20
#: A channel counts as covered where something takes this much of it.
COVERED = 0.4
#: How far the lips part: what a fit takes for the jaw's opening where no shape closes the lips.
LIPS = ("jawOpen", "mouthClose")
#: Confidence in a name, by a convention's status; less where a prefix was left out.
CONFIDENCE = {"verified": 0.9, "judgement": 0.8}
PREFIXED = 0.1


@dataclass(frozen=True, slots=True)
class _Found:
    """A convention's targets on a character: target to its controls, less those at rest."""

    convention: Convention
    controls: Mapping[str, tuple[tuple[Control, bool], ...]]
    channels: frozenset[str]

    @property
    def rank(self) -> tuple[int, int]:
        """Channels that it reaches, then names that it explains."""
        return len(self.channels), len(self.controls)


@dataclass(slots=True)
class _Draft:
    """A map under way."""

    entries: dict[ControlKey, RigMapEntry] = field(default_factory=dict[ControlKey, RigMapEntry])
    fits: list[Fit] = field(default_factory=list[Fit])

    @property
    def covered(self) -> set[str]:
        """Channels that something takes."""
        taken = {s.channel for e in self.entries.values() for s in e.sources if s.gain >= COVERED}
        negative = {
            s.channel for e in self.entries.values() for s in e.sources if s.gain <= -COVERED
        }
        own = {s.channel for e in self.entries.values() if _is_signed(e) for s in e.sources}
        return taken | (negative & own)


def match(controls: Sequence[Control], take: Take | None = None, rig: str = "") -> RigMap:
    """Find which channels drive which controls, by names.

    Parameters
    ----------
    controls : sequence of Control
        Driven controls are never keyed: what drives them is, by its own name, or else by theirs
        where it is known how they answer to it (`driver_following`).
    take : Take, optional
        Its recorded channels are looked for; without one, all ARKit channels are.
    rig : str
        Name of the character, for the map's heading.

    Returns
    -------
    RigMap
        ``unmatched_channels``: recorded channels that drive nothing (eye angles count as matched
        where the eyeLook coefficients of that eye are). ``unmatched_controls``:
        controls (bones by name, within the head) that nothing drives. A take that carries a map
        for this character plays by that (`carried_map`).
    """
    wanted = take.recorded if take is not None else tuple(arkit_schema())
    free = [control for control in controls if not control.driven_by]
    found = _match_free(free, wanted, rig)
    found = follow_drivers(found, controls, wanted, lambda some: _match_free(some, wanted, rig))
    return with_carried(found, take, controls)


def _match_free(free: Sequence[Control], wanted: Sequence[str], rig: str) -> RigMap:
    """The map of controls that may all be keyed."""
    named = [control for control in free if control.kind != BONE]
    draft = _match_named(named)
    on_shapes = set(RigMap(rig, tuple(draft.entries.values()), fits=tuple(draft.fits)).channels)
    bones = [control for control in free if control.kind == BONE]
    bone_entries, bone_roles = match_bones(bones, on_shapes)
    entries = [*draft.entries.values(), *bone_entries]
    covered = RigMap(rig, tuple(entries), fits=tuple(draft.fits)).covered
    return RigMap(
        rig=rig,
        entries=tuple(entries),
        unmatched_channels=tuple(name for name in wanted if name not in covered),
        unmatched_controls=tuple(
            dict.fromkeys(
                [
                    *(control.name for control in named if control.key not in draft.entries),
                    *(name for name in bone_roles.face_bones if name not in bone_roles.used),
                ]
            )
        ),
        fits=tuple(draft.fits),
    )


def recognise(controls: Sequence[Control]) -> list[tuple[Convention, int]]:
    """The conventions whose fingerprint a character has, with the targets that it has of each.

    The first is the one that explains most.
    """
    return [(found.convention, len(found.controls)) for found in _recognise(controls)]


def _match_named(controls: Sequence[Control]) -> _Draft:
    arkit = _match_arkit(controls)
    spelled = {source.channel for entry in arkit.values() for source in entry.sources}
    found = _recognise(controls)
    direct = [one for one in found if one.convention.kind != "composite"]
    draft = _Draft()
    # the plain ARKit names win a tie: other sets of 52 have extra shapes that must rest
    if len(spelled) < ARKIT_SURE and direct and direct[0].rank[0] > max(len(spelled), ENOUGH - 1):
        _add(draft, direct.pop(0), {})
    led = {
        (entry.control.owner, s.channel) for entry in draft.entries.values() for s in entry.sources
    }
    arkit = {
        key: entry
        for key, entry in arkit.items()
        if (key.owner, entry.sources[0].channel) not in led
    }
    _add_entries(draft, arkit)
    for one in direct:
        if len(draft.covered) >= ENOUGH or one.rank[0] >= ENOUGH:
            _add(draft, one, arkit)
    if len(draft.covered) < ENOUGH:
        for one in sorted(found, key=lambda one: -len(one.controls)):
            _add(draft, one, arkit)
    return draft


def _match_arkit(controls: Sequence[Control]) -> dict[ControlKey, RigMapEntry]:
    """Controls with ARKit names; on one owner, of two that spell one channel the plainer wins."""
    best: dict[tuple[str, str], tuple[float, Control]] = {}
    for control in controls:
        channel = match_name(control.name, arkit_names())
        if channel is None:
            continue
        exact = squeeze(control.name) == squeeze(channel)
        confidence = 1.0 if exact else 0.9
        place = (control.owner, channel)
        if place not in best or confidence > best[place][0]:
            best[place] = (confidence, control)
    return {
        control.key: _entry(control, (Source(channel),), confidence)
        for (_, channel), (confidence, control) in best.items()
    }


def _recognise(controls: Sequence[Control]) -> list[_Found]:
    """Conventions with half of their fingerprint, at least two names of it; the fullest first."""
    owners = {
        owner: [control for control in controls if control.owner == owner]
        for owner in dict.fromkeys(control.owner for control in controls)
    }
    found: list[_Found] = []
    for convention in conventions():
        targets: dict[str, list[tuple[Control, bool]]] = {}
        seen: set[str] = set()
        for own in owners.values():
            on_owner = _on_owner(convention, own)
            seen.update(on_owner)
            for target in convention.active(on_owner):
                targets.setdefault(target, []).append(on_owner[target])
        prints = sum(target in seen for target in convention.fingerprint)
        if targets and prints >= max(2, len(convention.fingerprint) / 2):
            channels = {
                source.channel
                for target in targets
                for source in convention.targets[target]
                if source.gain > 0 or target in convention.signed
            }
            ordered = {t: tuple(targets[t]) for t in convention.targets if t in targets}
            found.append(_Found(convention, ordered, frozenset(channels)))
    return sorted(found, key=lambda one: (-one.rank[0], -one.rank[1], one.convention.name))


def _on_owner(convention: Convention, own: Sequence[Control]) -> dict[str, tuple[Control, bool]]:
    """Target to (control, whether a prefix was left out); of two, the plainer name wins."""
    read = convention.recognise([control.name for control in own])
    best: dict[str, tuple[Control, bool]] = {}
    for control in sorted(own, key=lambda control: control.name):
        if control.name not in read:
            continue
        target, prefixed = read[control.name]
        if target not in best or (best[target][1] and not prefixed):
            best[target] = (control, prefixed)
    return best


def _add(draft: _Draft, found: _Found, arkit: Mapping[ControlKey, RigMapEntry]) -> None:
    """Add what a convention brings that the draft has not."""
    convention = found.convention
    open_fits = [
        rule
        for rule in convention.fits
        if not any(set(rule.channels) & set(fit.channels) for fit in draft.fits)
    ]
    fitted = {target for rule in convention.fits for target in rule.looks}
    joining = {target for rule in open_fits for target in rule.looks}
    covered = draft.covered
    added: dict[str, tuple[ControlKey, ...]] = {}
    for target, controls in found.controls.items():
        if target in fitted:
            wanted = target in joining
        else:
            wanted = not _main_channels(convention.targets[target]) & covered
        if wanted:
            entries = _target_entries(convention, target, controls)
            added[target] = _add_entries(draft, entries)
    for rule in open_fits:
        looks = {target: rule.looks[target] for target in rule.looks if added.get(target)}
        if looks:
            draft.fits.append(_fit(draft, rule, looks, added, arkit))


def _fit(
    draft: _Draft,
    rule: FitRule,
    looks: Mapping[str, Mapping[str, float]],
    added: Mapping[str, tuple[ControlKey, ...]],
    arkit: Mapping[ControlKey, RigMapEntry],
) -> Fit:
    """The fit of a rule's targets on this character.

    ARKit shapes of the same part of the face join in, so that an open jaw is not opened twice;
    channels that anything else takes are left to it.
    """
    inside = {key for target in looks for key in added[target]}
    shapes: dict[str, list[ControlKey]] = {}
    for key, entry in arkit.items():
        if key in draft.entries and key not in inside and entry.sources[0].channel in rule.channels:
            shapes.setdefault(entry.sources[0].channel, []).append(key)
    inside.update(key for keys in shapes.values() for key in keys)
    others = _Draft({key: entry for key, entry in draft.entries.items() if key not in inside})
    kept = [channel for channel in rule.channels if channel not in others.covered]
    names = list(looks)
    rows = [looks[name] for name in names] + [{channel: 1.0} for channel in shapes]
    return Fit(
        targets=(*(added[name] for name in names), *(tuple(keys) for keys in shapes.values())),
        channels=tuple(kept),
        looks=tuple(tuple(float(row.get(channel, 0.0)) for channel in kept) for row in rows),
        sum_at_most_one=tuple(names.index(n) for n in rule.sum_at_most_one if n in names),
        # the drop of a jaw behind closed lips must not part them
        less=(LIPS,) if "jawOpen" in kept and "mouthClose" not in others.covered else (),
    )


def _target_entries(
    convention: Convention, target: str, controls: Sequence[tuple[Control, bool]]
) -> dict[ControlKey, RigMapEntry]:
    return {
        control.key: _entry(
            control,
            convention.targets[target],
            round(CONFIDENCE[convention.status] - PREFIXED * prefixed, 2),
            convention.offsets.get(target, 0.0),
            convention.signed.get(target),
        )
        for control, prefixed in controls
    }


def _add_entries(
    draft: _Draft, entries: Mapping[ControlKey, RigMapEntry]
) -> tuple[ControlKey, ...]:
    """Add entries of controls that are still free; their keys."""
    new = {key: entry for key, entry in entries.items() if key not in draft.entries}
    draft.entries.update(new)
    return tuple(new)


def _main_channels(sources: Sequence[Source]) -> set[str]:
    """Channels that make up most of a target."""
    largest = max(abs(source.gain) for source in sources)
    return {source.channel for source in sources if abs(source.gain) >= 0.5 * largest}


def _is_signed(entry: RigMapEntry) -> bool:
    return entry.limits[0] < 0


def _entry(
    control: Control,
    sources: tuple[Source, ...],
    confidence: float,
    offset: float = 0.0,
    signed: tuple[float, float] | None = None,
) -> RigMapEntry:
    low, high = control.range
    # sliders clamp, properties do not: one whose limits were never set takes both sides
    if signed is not None and control.kind == PROPERTY:
        low, high = min(low, signed[0]), max(high, signed[1])
    return RigMapEntry(
        control=control.key,
        sources=sources,
        offset=offset,
        limits=(low, high),
        confidence=confidence,
        how="name",
    )
