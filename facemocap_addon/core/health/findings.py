# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be said of a take's health: sentences, the worst first, with times to jump to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ..points import SPACE
from ..take import Take
from .channel_health import DEAD, LIVE, NOT_RECORDED
from .character_findings import character_findings
from .columns import is_point
from .expressions import LEAST, MOVES
from .eye_blinks import FULL, LONG, ONE_EYE, PART
from .sides import CONSISTENT, HEAD, MIRRORED, which
from .timing_findings import timing_findings
from .wording import FAULT, NOTE, WARNING, Finding, at, counted, named, share, worst_first

if TYPE_CHECKING:
    from .examine import Health

#: Noise in coefficients from which curves shiver to be seen, and from which they are hard to save.
SHIVERS, LOUD = 0.004, 0.03
#: The same for points (metres).
POINTS_SHIVER_M = 0.5e-3
#: Spikes a minute from which they are a fault.
MANY_SPIKES, _FEW_SPIKES = 30.0, 5
#: An eye that does not blink for so long (seconds) is odd, and a jaw that never rests.
UNBLINKING_S, RESTLESS_S = 20.0, 10.0
#: Blinks whose highest value is below this do not look closed on every character.
WEAK_BLINK = 0.8
#: What is at its end where nothing lies beyond: closed lids, a tongue that is out.
_ENDS = ("eyeBlink", "tongueOut")
#: Part of a channel's samples at its end from which much is lost.
_MUCH_CUT = 0.05
#: From this sureness on it is a fault that a part of a take is mirrored.
CERTAIN = 0.975
#: Part of the motion that a character may miss before it is a fault.
_MUCH_LOST = 0.25


def find_findings(health: Health, take: Take) -> tuple[Finding, ...]:
    """All findings, the worst first."""
    found: list[Finding] = []
    if not take.samples or not take.recorded:
        what = "holds no samples" if not take.samples else "has samples, but nothing was recorded"
        found.append(Finding("empty", FAULT, 9.0, f"The take {what}."))
    else:
        for part in (
            timing_findings(health.timing),
            _sides(health),
            _noise(health),
            _spikes(health),
            _cut_off(health),
            _dead(health),
            _coupled(health),
            _blinks(health),
            _lips(health),
            _still(health),
            _coverage(health),
            character_findings(health.on_character) if health.on_character else (),
        ):
            found += part
    return worst_first(found)


def _sides(health: Health) -> Iterator[Finding]:
    sides = health.sides
    if sides.verdict == MIRRORED:
        first = which(sides, MIRRORED)[0]
        yield Finding(
            "mirrored",
            FAULT if sides.sure >= CERTAIN else WARNING,
            8.0,
            f"A part of the take is mirrored, by {first.compared}: agreement "
            f"{first.agreement:+.2f} where a face has above 0, {share(first.sure)} sure. Swap the "
            "sides of one of them.",
        )
    elif sides.verdict == CONSISTENT:
        first = which(sides, CONSISTENT)[0]
        told = any(each.name == HEAD for each in which(sides, CONSISTENT))
        beyond = (
            "A take that is mirrored as a whole would agree too."
            if told
            else "Whether the head turns to the same side cannot be told."
        )
        yield Finding(
            "sides",
            NOTE,
            0.1,
            f"Left and right agree, by {first.compared}: {first.agreement:+.2f}, "
            f"{share(first.sure)} sure. {beyond}",
        )


def _noise(health: Health) -> Iterator[Finding]:
    yield from _point_noise(health)
    own = [c for c in health.channels if c.kind == "weight" and c.state == LIVE]
    loud = [c for c in own if c.noise >= SHIVERS and c.is_white]
    if not loud:
        return
    middle = float(np.median([c.noise for c in loud]))
    worst = max(loud, key=lambda c: c.noise)
    bad = middle >= LOUD
    yield Finding(
        "noise",
        FAULT if bad else WARNING,
        min(3.0, 1.0 + 50.0 * middle * len(loud) / len(own)),
        f"{counted(len(loud), 'channel')} of {len(own)} "
        f"{'shivers' if len(loud) == 1 else 'shiver'}: noise of {middle:.4f} in the middle, most "
        f"in {worst.name} ({worst.noise:.4f}). Denoise the take.",
        channels=tuple(c.name for c in sorted(loud, key=lambda c: (-c.noise, c.name))),
    )


def _point_noise(health: Health) -> Iterator[Finding]:
    own = [c for c in health.channels if c.kind == SPACE and c.state == LIVE]
    loud = [c for c in own if c.noise >= POINTS_SHIVER_M and c.is_white]
    if 2 * len(loud) > len(own):
        middle = float(np.median([c.noise for c in loud]))
        yield Finding(
            "point_noise",
            WARNING,
            1.0,
            f"The points shiver by {1e3 * middle:.2f} mm along an axis, in the middle.",
            channels=tuple(c.name for c in loud),
        )


def _spikes(health: Health) -> Iterator[Finding]:
    own = [c for c in health.channels if c.spikes_s]
    if not own:
        return
    points = {c.name.rpartition(".")[0] if is_point(c.kind) else c.name for c in own}
    moments = sorted({time for c in own for time in c.spikes_s})
    names = sorted(points)
    rate = 60.0 * len(moments) / max(health.timing.duration_s, 1.0)
    total = f", {len(moments)} moments in all" if len(moments) > 1 else ""
    noun = "point" if all(is_point(c.kind) for c in own) else "channel"
    yield Finding(
        "spikes",
        FAULT if rate >= MANY_SPIKES and len(moments) >= _FEW_SPIKES else WARNING,
        min(4.0, 1.5 + 0.05 * rate),
        f"{counted(len(names), noun)} jump{'s' if len(names) == 1 else ''} away and back "
        f"{at(moments)}: {named(names)}{total}. Take {'it' if len(moments) == 1 else 'them'} out.",
        tuple(moments),
        tuple(c.name for c in own),
    )


def _cut_off(health: Health) -> Iterator[Finding]:
    own = [c for c in health.channels if c.cut_off and not c.name.startswith(_ENDS)]
    own.sort(key=lambda c: -c.cut_off_share)
    if not own:
        return
    worst = own[0]
    times = sorted({first for c in own for first, _last in c.cut_off})
    yield Finding(
        "cut_off",
        WARNING if worst.cut_off_share >= _MUCH_CUT else NOTE,
        1.0 + worst.cut_off_share,
        f"{named([c.name for c in own])} {'is' if len(own) == 1 else 'are'} cut off at the "
        f"highest value: {worst.name} stays at {worst.cut_off_at:.3g} for "
        f"{share(worst.cut_off_share)} of the take. What went further is lost.",
        tuple(times),
        tuple(c.name for c in own),
    )


def _dead(health: Health) -> Iterator[Finding]:
    by_name = {c.name: c for c in health.channels}
    pairs = [(pair.left, pair.right) for pair in health.pairs]
    lame: list[str] = []
    for one, other in [*pairs, *((b, a) for a, b in pairs)]:
        if by_name[one].state == DEAD and by_name[other].span >= MOVES:
            lame.append(one)
    if lame:
        yield Finding(
            "dead_side",
            FAULT,
            3.0 + 0.1 * len(lame),
            f"{named(lame)} never {'moves' if len(lame) == 1 else 'move'}, though the other side "
            "does. The recorder lost it, or the columns of the file are named wrongly.",
            channels=tuple(lame),
        )
    dead = [c.name for c in health.channels if c.state == DEAD and c.name not in lame]
    dead = [name for name in dead if not is_point(by_name[name].kind)]
    if dead and not any(c.state == LIVE for c in health.channels):
        text = "Nothing changes in the whole take: no face was tracked."
        yield Finding("all_dead", FAULT, 6.0, text, channels=tuple(dead))
    elif dead:
        yield Finding(
            "dead",
            NOTE,
            0.8,
            f"{named(dead)} never change{'s' if len(dead) == 1 else ''}.",
            channels=tuple(dead),
        )
    missing = [c.name for c in health.channels if c.state == NOT_RECORDED and not is_point(c.kind)]
    if missing:
        yield Finding(
            "not_recorded",
            NOTE,
            0.7,
            f"{named(missing)} {'was' if len(missing) == 1 else 'were'} not recorded.",
            channels=tuple(missing),
        )


def _coupled(health: Health) -> Iterator[Finding]:
    own = [region for region in health.region_pairs if region.is_coupled]
    if not own:
        return
    pairs = [p for p in health.pairs if p.coupled and p.region in {r.region for r in own}]
    least = min(p.correlation for p in pairs if p.correlation is not None)
    eyes = any(region.region == "eye" for region in own)
    yield Finding(
        "coupled",
        NOTE,
        0.9,
        f"Left and right are one and the same in {named([r.region for r in own])} "
        f"(correlation {least:.4f} and more): the tracker mirrors one side"
        f"{', so winks and uneven blinks are not seen' if eyes else ''}.",
        channels=tuple(name for p in pairs for name in (p.left, p.right)),
    )


def _blinks(health: Health) -> Iterator[Finding]:
    if not health.eyes:
        return
    blinks = health.blinks
    if not blinks:
        if health.timing.duration_s >= UNBLINKING_S:
            yield Finding(
                "no_blinks",
                WARNING,
                1.2,
                f"The eyes never blink in {health.timing.duration_s:.0f} s. Set the tracker up "
                "anew, or add blinks.",
            )
        return
    whole = [b for b in blinks if b.kind == FULL]
    if whole:
        usual = float(np.median([b.peak for b in whole]))
        if usual < WEAK_BLINK:
            yield Finding(
                "weak_blinks",
                NOTE,
                0.85,
                f"Full blinks reach {usual:.2f} in the middle and {max(b.peak for b in whole):.2f} "
                "at most: as captured they leave the eyes of a character open. Retargeting closes "
                "them, unless values are taken raw.",
                tuple(b.peak_s for b in whole),
            )
    kinds = [
        (PART, "partial blink", "partial blinks", "less than 75 % of a full one"),
        (LONG, "long closure", "long closures", "longer than half a second"),
        (ONE_EYE, "blink of one eye", "blinks of one eye", "the other closes half as far or less"),
    ]
    for kind, one, many, means in kinds:
        own = [b for b in blinks if b.kind == kind]
        if own:
            times = tuple(b.peak_s for b in own)
            yield Finding(
                f"blinks_{kind.replace(' ', '_')}",
                NOTE,
                0.5,
                f"{counted(len(own), one, many)} ({means}) {at(times)}.",
                times,
            )


def _lips(health: Health) -> Iterator[Finding]:
    jaw = next((c for c in health.channels if c.name == "jawOpen"), None)
    if not health.jaw or health.timing.duration_s < RESTLESS_S or jaw is None:
        return
    if not health.lip_contacts and jaw.span >= MOVES:
        yield Finding(
            "no_contacts",
            WARNING,
            1.1,
            f"The lips never close in {health.timing.duration_s:.0f} s, though the jaw moves.",
            channels=("jawOpen",),
        )


def _still(health: Health) -> Iterator[Finding]:
    still = [r.region for r in health.regions if r.kind == "weight" and r.span < LEAST["weight"]]
    still = [region for region in still if region not in ("tongue", "other")]
    if still and health.timing.duration_s >= RESTLESS_S:
        yield Finding(
            "still",
            NOTE,
            0.6,
            f"{named(still).capitalize()} hardly {'moves' if len(still) == 1 else 'move'} in the "
            "whole take.",
        )


def _coverage(health: Health) -> Iterator[Finding]:
    coverage = health.coverage
    if coverage is None or not coverage.channels:
        return
    lost = coverage.lost
    if not coverage.reached:
        text = f"Nothing of the take reaches {coverage.rig}: the map has none of its channels."
        yield Finding("mapping", FAULT, 7.0, text)
    elif lost:
        bad = coverage.motion_share < 1.0 - _MUCH_LOST
        yield Finding(
            "mapping",
            FAULT if bad else WARNING,
            2.0 - coverage.motion_share,
            f"{counted(len(lost), 'channel')} that move{'s' if len(lost) == 1 else ''} "
            f"drive{'s' if len(lost) == 1 else ''} nothing on {coverage.rig}: {named(lost)}. "
            f"{share(coverage.motion_share)} of the motion reaches it.",
            channels=lost,
        )
    if coverage.unfed:
        yield Finding(
            "unfed",
            NOTE,
            0.55,
            f"The map of {coverage.rig} waits for {named(coverage.unfed)}, which the take lacks.",
            channels=coverage.unfed,
        )
