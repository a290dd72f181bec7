# SPDX-License-Identifier: GPL-3.0-or-later
"""Rig maps of driven controls: matched by their own names, keyed at the roots of their drivers.

A slider called ``prop_17`` says nothing, the shape ``jawOpen`` that it drives says everything. So
driven controls are matched as if they were free, and what the map found for them is turned round
into the root that a person would move: gains divided by the slope of the driver, offset and limits
likewise. What bends is turned round by the entry's response.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ..controls import BONE, Answer, Control, ControlKey
from ..rig_maps.rig_map import Fit, RigMap, RigMapEntry, Source
from .driver_answers import Points, slope, trimmed

#: Of several roots, those that move a control by less than this part of the strongest do not count.
MINOR = 0.25
#: Of several channels on one root, those that move it by less than this part are only taken along.
TAKEN_ALONG = 0.5
#: Step of a response between rest and the beginning of an answer, as a part of the whole.
STEP = 1e-3
#: Difference of a root's values that does not count, as a part of the whole.
SAME = 1e-5
#: Digits that matter: what was measured in single precision has no more.
DIGITS = 7


def choose_answers(controls: Iterable[Control]) -> dict[ControlKey, Answer]:
    """The root by which each driven control is moved, where one can be told.

    A control that answers to several roots has the one that no control of another name depends on
    alone; if there is none, or more than one, nothing tells which of them to move.

    Returns
    -------
    dict
        Answers by driven control, each on the part where the driven value is in its own range.
    """
    open_ones: dict[ControlKey, tuple[str, list[Answer]]] = {}
    for control in controls:
        if strong := _strong_answers(control):
            open_ones[control.key] = control.name, strong
    owned: dict[ControlKey, set[str]] = {}
    for name, answers in open_ones.values():
        if len(answers) == 1:
            owned.setdefault(answers[0].root, set()).add(name)
    chosen: dict[ControlKey, Answer] = {}
    for key, (name, answers) in open_ones.items():
        own = [a for a in answers if not owned.get(a.root, set()) - {name}]
        left = answers if len(answers) == 1 else own
        if len(left) == 1:
            chosen[key] = left[0]
    return chosen


def follow_drivers(
    found: RigMap,
    controls: Sequence[Control],
    wanted: Sequence[str],
    rematch: Callable[[Sequence[Control]], RigMap],
) -> RigMap:
    """A rig map in which driven controls are moved by their roots.

    Parameters
    ----------
    found : RigMap
        What the names of the free controls say. It stays where it names a root already, unless
        that root is a bone that is there only to drive.
    controls : sequence of Control
        All controls of the character; what is driven has its `Control.answers`.
    wanted : sequence of str
        Channels that are looked for.
    rematch : callable
        Finds the map of a list of controls by their names.
    """
    taken = {entry.control for entry in found.entries}
    followed = {
        key: answer
        for key, answer in choose_answers(controls).items()
        if answer.is_handle or answer.root not in taken
    }
    if not followed:
        return found
    handles = {_bone(answer.root) for answer in followed.values() if answer.is_handle}
    aliases: list[Control] = []
    for control in controls:
        if control.key in followed:
            aliases.append(replace(control, driven_by="", answers=()))
        elif not control.driven_by and not (control.kind == BONE and _bone(control.key) in handles):
            aliases.append(control)
    return _at_roots(rematch(aliases), followed, controls, wanted)


@dataclass(frozen=True, slots=True)
class _Member:
    """An entry that was found for a driven control, and how that answers to the root."""

    entry: RigMapEntry
    answer: Answer

    @property
    def points(self) -> Points:
        return self.answer.points

    @property
    def strength(self) -> float:
        """How far the root must not go to bring the entry's channels to 1."""
        largest = max((abs(source.gain) for source in self.entry.sources), default=1.0)
        return abs(slope(self.points)) / (largest or 1.0)

    @property
    def ends(self) -> tuple[float, float]:
        return self.points[0][0], self.points[-1][0]


@dataclass(frozen=True, slots=True)
class _Part:
    """What one direction of a root is moved by: ``offset`` plus the sum, or ``curve`` of it."""

    sources: tuple[Source, ...]
    offset: float
    curve: Points
    limits: tuple[float, float]


def _strong_answers(control: Control) -> list[Answer]:
    """Answers within the control's range, without roots that hardly matter."""
    inside: list[tuple[float, Answer]] = []
    for answer in control.answers:
        points = trimmed(answer.points, control.range)
        if len(points) > 1:
            reach = abs(points[-1][1] - points[0][1])
            inside.append((reach, replace(answer, points=points)))
    farthest = max((reach for reach, _ in inside), default=0.0)
    return [answer for reach, answer in inside if reach >= MINOR * farthest]


def _bone(key: ControlKey) -> tuple[str, str]:
    """What the components of one bone have in common."""
    return key.owner, key.path.rpartition(".")[0]


def _at_roots(
    matched: RigMap,
    followed: dict[ControlKey, Answer],
    controls: Sequence[Control],
    wanted: Sequence[str],
) -> RigMap:
    direct = {entry.control for entry in matched.entries if entry.control not in followed}
    members: dict[ControlKey, list[_Member]] = {}
    for entry in matched.entries:
        answer = followed.get(entry.control)
        if answer is not None and answer.root not in direct and entry.sources:
            members.setdefault(answer.root, []).append(_Member(entry, answer))
    fits, fitted = _fits_at_roots(matched.fits, members, direct)
    made = {
        root: _fitted_entry(fitted[root]) if root in fitted else _root_entry(root, group)
        for root, group in members.items()
    }
    entries: dict[ControlKey, RigMapEntry] = {}
    for entry in matched.entries:
        if entry.control in direct:
            entries[entry.control] = entry
        elif (root := followed[entry.control].root) in made:
            entries.setdefault(root, made[root])
    kept = tuple(entries.values())
    covered = RigMap(matched.rig, kept, fits=fits).covered
    names = {control.name for control in controls if control.key in made}
    names |= {control.name for control in controls if control.driven_by}
    names -= {c.name for c in controls if not c.driven_by and c.key not in made and c.kind != BONE}
    return replace(
        matched,
        entries=kept,
        fits=fits,
        unmatched_channels=tuple(name for name in wanted if name not in covered),
        unmatched_controls=tuple(name for name in matched.unmatched_controls if name not in names),
    )


def _root_entry(root: ControlKey, members: Sequence[_Member]) -> RigMapEntry:
    """One entry for everything that a root drives; each direction has its own channels."""
    rest = members[0].answer.rest
    parts = [_blended(_leading(group)) for group in _directions(members, rest)]
    low, high = min(p.limits[0] for p in parts), max(p.limits[1] for p in parts)
    offset, curve = parts[0].offset, parts[0].curve
    if len(parts) == 2:
        offset, curve = rest, ()
        if any(part.curve or abs(part.offset - rest) > SAME * (high - low) for part in parts):
            parts = [_downward(parts[0]), parts[1]]
            offset, curve = 0.0, _joined(parts[0], parts[1], rest)
    return RigMapEntry(
        control=root,
        sources=_merged(source for part in parts for source in part.sources),
        offset=_rounded(offset, high - low),
        limits=(_rounded(low, high - low), _rounded(high, high - low)),
        confidence=min(member.entry.confidence for member in members),
        how=members[0].entry.how,
        response=curve,
    )


def _directions(members: Sequence[_Member], rest: float) -> list[list[_Member]]:
    """What a root drives downwards from rest, and upwards; all in one where something goes through.

    The downward one comes first.
    """
    up: list[_Member] = []
    down: list[_Member] = []
    for member in members:
        low, high = member.ends
        slack = 1e-3 * (high - low)
        if low >= rest - slack:
            up.append(member)
        elif high <= rest + slack:
            down.append(member)
        else:
            return [list(members)]
    return [group for group in (down, up) if group]


def _leading(group: Sequence[_Member]) -> list[_Member]:
    """What a root is moved for: of a shape on several meshes one, nothing that is taken along."""
    named = [member for member in group if member.entry.control.kind != BONE]
    strongest: dict[tuple[Source, ...], _Member] = {}
    for member in named or group:
        before = strongest.get(member.entry.sources)
        if before is None or member.strength > before.strength * 1.001:
            strongest[member.entry.sources] = member
    most = max(member.strength for member in strongest.values())
    return [m for m in strongest.values() if m.strength >= TAKEN_ALONG * most]


def _blended(group: Sequence[_Member]) -> _Part:
    """The root's value at which the driven values come nearest to what is wanted of them."""
    limits = (min(m.ends[0] for m in group), max(m.ends[1] for m in group))
    first = group[0]
    if len(group) == 1 and len(first.points) > 2:
        return _Part(first.entry.sources, 0.0, _inverse(first), limits)
    # least squares over straight lines: (slope * root + start - wanted) / largest gain
    weights = [m.strength * m.strength / slope(m.points) for m in group]
    total = sum(m.strength * m.strength for m in group)
    offset = 0.0
    sources: list[Source] = []
    for member, weight in zip(group, weights, strict=True):
        root, value = member.points[0]
        start = value - slope(member.points) * root
        offset += (member.entry.offset - start) * weight / total
        sources += [_times(source, weight / total) for source in member.entry.sources]
    return _Part(tuple(sources), offset, (), limits)


def _inverse(member: _Member) -> Points:
    """Root's value by the sum that an entry makes of its channels, rising in the sum."""
    turned = [(value - member.entry.offset, root) for root, value in member.points]
    return tuple(sorted(turned))


def _downward(part: _Part) -> _Part:
    """A part whose sum goes down where the root does."""
    if not part.curve:
        return part
    return replace(
        part,
        sources=tuple(_times(source, -1.0) for source in part.sources),
        curve=tuple(sorted((-wanted, root) for wanted, root in part.curve)),
    )


def _joined(down: _Part, up: _Part, rest: float) -> Points:
    """One response of both directions, the downward sums below nought."""
    below, above = _as_curve(down), _as_curve(up)
    step = STEP * max(above[-1][0], -below[0][0])
    middle = [(0.0, rest)]
    if abs(below[-1][1] - rest) > SAME * (rest - below[0][1]):
        middle.insert(0, (-step, below[-1][1]))
    if abs(above[0][1] - rest) > SAME * (above[-1][1] - rest):
        middle.append((step, above[0][1]))
    points = [point for point in below if point[0] < middle[0][0] - SAME * step]
    return (*points, *middle, *(point for point in above if point[0] > middle[-1][0] + SAME * step))


def _as_curve(part: _Part) -> Points:
    return part.curve or tuple((limit - part.offset, limit) for limit in part.limits)


def _fitted_entry(member: _Member) -> RigMapEntry:
    """An entry of a fit: the share that the fit finds, turned round."""
    return replace(
        member.entry,
        control=member.answer.root,
        offset=0.0,
        limits=member.ends,
        response=_inverse(member),
    )


def _fits_at_roots(
    fits: Sequence[Fit], members: dict[ControlKey, list[_Member]], direct: set[ControlKey]
) -> tuple[tuple[Fit, ...], dict[ControlKey, _Member]]:
    """Fits whose targets are free controls and roots; the members that these roots stand for."""
    by_alias = {m.entry.control: (root, m) for root, group in members.items() for m in group}
    fitted: dict[ControlKey, _Member] = {}
    out: list[Fit] = []
    for fit in fits:
        rows: list[int] = []
        targets: list[tuple[ControlKey, ...]] = []
        for number, target in enumerate(fit.targets):
            keys: dict[ControlKey, None] = {}
            for key in target:
                root, member = by_alias.get(key, (key, None))
                if member is None and key in direct:
                    keys[key] = None
                # a root can take one share only
                elif member is not None and (root in keys or root not in fitted):
                    keys[root] = None
                    fitted.setdefault(root, member)
            if keys:
                rows.append(number)
                targets.append(tuple(keys))
        out.append(
            replace(
                fit,
                targets=tuple(targets),
                looks=tuple(fit.looks[number] for number in rows),
                sum_at_most_one=tuple(rows.index(n) for n in fit.sum_at_most_one if n in rows),
            )
        )
    return tuple(fit for fit in out if fit.targets), fitted


def _merged(sources: Iterable[Source]) -> tuple[Source, ...]:
    gains: dict[tuple[str, str], float] = {}
    for source in sources:
        place = source.channel, source.over
        gains[place] = gains.get(place, 0.0) + source.gain
    return tuple(
        Source(channel, _rounded(gain, gain), over)
        for (channel, over), gain in gains.items()
        if gain
    )


def _times(source: Source, factor: float) -> Source:
    return replace(source, gain=source.gain * factor)


def _rounded(number: float, size: float) -> float:
    """A number to as many digits as matter beside ``size``."""
    return round(number, DIGITS - 1 - math.floor(math.log10(abs(size))))
