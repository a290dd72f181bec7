# SPDX-License-Identifier: GPL-3.0-or-later
"""The range of motion of an actor, measured on a calibration take or on the take itself.

The neutral is that of the moments in which the face does least: of samples with open eyes and
closed lips, as far as there are such, the tenth with the smallest sum of all values, each as a part
of its own range; of these the median. A marked frame replaces it, but lids rest where eyes are open
and lips where they are closed. The extreme is what a channel reaches for a moment, not what one
sample does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray
from ..channels import Channel
from ..contacts.captured import blink_range, eye_closure, lip_contacts
from ..errors import FacemocapError
from ..take import Take
from .range_contacts import BLINKS, LIPS, MOST_PARTING, PARTING
from .range_of_motion import TARGETS, ChannelRange, RangeOfMotion, is_ranged, listed

#: A channel that moves less than this hardly moves: its values keep their size.
LEAST_RANGE = 0.1
#: Bounds of a gain; of a take's own range, which need not show all that the actor can do.
GAINS = (0.5, 2.5)
MOST_OWN_GAIN = 1.5
#: Left and right have one gain unless their ranges differ by more than this factor.
CLEARLY = 1.5
#: The extreme of a calibration take is reached for this long in all (seconds), ...
HELD_S = 0.15
#: ... and by this percentile at least; of a take's own range by just this one.
EXTREME = 99.0
#: Part of the samples in which the face does least, and fewest of them.
AT_REST, FEWEST = 0.1, 5
#: A marked neutral is the median of the samples this near (seconds).
MARK_S = 0.05
#: Eyes are open below this closure.
OPEN = 0.5
_LOW = 5.0


@dataclass(frozen=True, slots=True)
class _Seen:
    """A channel as it was seen: neutral, extreme and target."""

    channel: Channel
    neutral: float
    extreme: float
    target: float

    @property
    def span(self) -> float:
        return self.extreme - self.neutral

    @property
    def moves(self) -> bool:
        return self.span >= LEAST_RANGE


def measure_range(
    take: Take,
    actor: str,
    *,
    neutral_s: float | None = None,
    own: bool = False,
    target: float | None = 1.0,
) -> RangeOfMotion:
    """The range of motion that a take shows.

    Parameters
    ----------
    take : Take
        A calibration take, or with ``own`` the performance itself.
    actor : str
    neutral_s : float, optional
        A marked neutral frame, seconds from the take's start.
    own : bool
        The take shows what it shows: extremes are its 99th percentiles, gains at most 1.5.
    target : float or None
        What the extremes become; None for the end of each channel's nominal range.

    Raises
    ------
    FacemocapError
        When the take has no coefficients, or nothing was recorded at the marked time.
    """
    if target is not None and not TARGETS[0] <= target <= TARGETS[1]:
        raise FacemocapError(
            f"Extremes cannot become {target:g}", f"Choose between {TARGETS[0]} and {TARGETS[1]}"
        )
    channels = [c for c in take.channels if is_ranged(c) and take.has(c.name)]
    if not channels:
        raise FacemocapError(
            f'The take "{take.label}" has no coefficients', "Choose a take of a face"
        )
    warnings: list[str] = []
    neutrals = _neutrals(take, channels, neutral_s, warnings)
    seen: dict[str, _Seen] = {}
    for channel in channels:
        neutral = neutrals[channel.name]
        extreme = max(_extreme(take, channel.name, own), neutral)
        nominal = float(np.clip(channel.range[1], *TARGETS))
        seen[channel.name] = _Seen(channel, neutral, extreme, nominal if target is None else target)
    gains = _gains(seen, MOST_OWN_GAIN if own else GAINS[1], warnings)
    return RangeOfMotion(
        actor=actor,
        ranges=tuple(
            ChannelRange(name, each.neutral, each.extreme, gains[name], each.target)
            for name, each in seen.items()
        ),
        source=take.label,
        neutral_s=neutral_s,
        warnings=tuple(warnings),
    )


# ---------------------------------------------------------------- neutral


def _neutrals(
    take: Take, channels: Sequence[Channel], neutral_s: float | None, warnings: list[str]
) -> dict[str, float]:
    """Neutral of each channel; the marked frame's where there is one."""
    names = [channel.name for channel in channels]
    closed = _closed(take)
    rest = _rest_samples(take, names, closed)
    out = {name: _median(take, name, rest) for name in names}
    if neutral_s is not None:
        marked = _marked(take, names, neutral_s)
        lips = [name for name in LIPS if name in out]
        if closed.any() and not closed[marked].any() and lips:
            warnings.append(
                f"The lips are apart at {neutral_s:g} s: their neutral is that of closed lips."
            )
            names = [name for name in names if name not in lips]
        out |= {name: _median(take, name, marked, out[name]) for name in names}
        shut = [eye for eye in BLINKS if eye in out and not _open(take, eye)[marked].any()]
        if shut:
            warnings.append(
                f"Eyes are shut at {neutral_s:g} s: the neutral of {listed(shut)} is that of open "
                "eyes."
            )
    for name in BLINKS:
        blink = blink_range(take, name) if name in out else None
        if blink is not None:
            out[name] = min(out[name], blink.rest)
    for name in PARTING:
        if name in out:
            out[name] = min(out[name], MOST_PARTING)
    return out


def _closed(take: Take) -> BoolArray:
    """Samples ``(n,)`` with closed lips."""
    out = np.zeros(take.samples, np.bool_)
    for contact in lip_contacts(take):
        out[contact.first : contact.last + 1] = True
    return out


def _open(take: Take, eye: str) -> BoolArray:
    """Samples ``(n,)`` in which an eye is open; all where it does not blink."""
    closure = eye_closure(take, eye, take.times)
    return np.ones(take.samples, np.bool_) if closure is None else closure < OPEN


def _rest_samples(take: Take, names: Sequence[str], closed: BoolArray) -> BoolArray:
    """Samples ``(n,)`` in which the face does least."""
    places = [take.column(name) for name in names]
    there = take.valid[:, places].any(axis=1)
    amount = np.zeros(take.samples)
    for name, place in zip(names, places, strict=True):
        valid = take.valid[:, place]
        column = take.values[:, place].astype(np.float64)
        low, high = np.percentile(column[valid], [_LOW, EXTREME])
        if name not in BLINKS and high - low >= LEAST_RANGE:
            amount += np.where(valid, np.clip((column - low) / (high - low), 0.0, 1.0), 0.0)
    eyes = there.copy()
    for eye in BLINKS:
        if eye in names:
            eyes &= _open(take, eye)
    fewest = min(FEWEST, int(there.sum()))
    choices = (there & eyes & closed, there & closed, there & eyes, there)
    chosen = next(choice for choice in choices if int(choice.sum()) >= fewest)
    number = max(int(np.ceil(AT_REST * chosen.sum())), fewest)
    limit = np.sort(amount[chosen])[number - 1]
    return chosen & (amount <= limit)


def _marked(take: Take, names: Sequence[str], neutral_s: float) -> BoolArray:
    """Samples ``(n,)`` of the marked neutral frame."""
    since = take.times - take.times[0]
    if not 0.0 <= neutral_s <= since[-1]:
        raise FacemocapError(
            f"The neutral frame at {neutral_s:g} s is not in the take (0 to {since[-1]:.3f} s)",
            "Mark a time within the take",
        )
    there = take.valid[:, [take.column(name) for name in names]].any(axis=1)
    near = there & (np.abs(since - neutral_s) <= MARK_S + 1e-9)
    if not near.any():
        raise FacemocapError(
            f"No face was recorded at the neutral frame, {neutral_s:g} s",
            "Mark a time at which the face was tracked",
        )
    return near


def _median(take: Take, name: str, samples: BoolArray, default: float = 0.0) -> float:
    place = take.column(name)
    values = take.values[samples & take.valid[:, place], place]
    return float(np.median(values.astype(np.float64))) if len(values) else default


# ---------------------------------------------------------------- extreme and gain


def _extreme(take: Take, name: str, own: bool) -> float:
    """What a channel reaches; the peak of its blinks for lids."""
    blink = blink_range(take, name) if name in BLINKS else None
    if blink is not None:
        return blink.peak
    place = take.column(name)
    values = take.values[take.valid[:, place], place].astype(np.float64)
    if len(values) > 2:
        # a single sample that leaps is no motion
        inner = np.median(np.stack([values[:-2], values[1:-1], values[2:]]), axis=0)
        values = np.concatenate([values[:1], inner, values[-1:]])
    held = 100.0 * (1.0 - HELD_S * take.rate_hz / len(values))
    return float(np.percentile(values, EXTREME if own else max(held, EXTREME)))


def _gains(seen: dict[str, _Seen], most: float, warnings: list[str]) -> dict[str, float]:
    """Bounded gain of each channel, common to pairs that do not differ clearly."""
    gains: dict[str, float] = {}
    still: list[str] = []
    bounded: list[str] = []
    for name, each in seen.items():
        partner = seen.get(each.channel.partner, each)
        span = each.span
        if each.moves and partner.moves:
            low, high = sorted((each.span, partner.span))
            if high <= CLEARLY * low:
                span = high
            elif each.channel.name < partner.channel.name:
                warnings.append(
                    f"{name} and {partner.channel.name} differ clearly ({each.span:.2f} and "
                    f"{partner.span:.2f}): each has a gain of its own."
                )
        elif partner.moves:
            span = partner.span
        elif not each.moves:
            still.append(name)
            gains[name] = 1.0
            continue
        if name == "mouthClose" and "jawOpen" in seen:
            continue  # it is what is left of the jaw (`range_contacts`)
        wanted = each.target / span
        gains[name] = float(np.clip(wanted, GAINS[0], most))
        if wanted > most:
            bounded.append(name)
    if "mouthClose" in seen and "jawOpen" in seen:
        gains["mouthClose"] = gains["jawOpen"]
    warnings += [
        *_counted(still, "hardly moves and keeps its size", "hardly move and keep their size"),
        *_counted(
            bounded,
            f"moves little and grows by no more than {most:g}",
            f"move little and grow by no more than {most:g}",
        ),
    ]
    return gains


def _counted(names: list[str], one: str, many: str) -> list[str]:
    """A sentence about channels, none about none."""
    if not names:
        return []
    said = f"channel {one}" if len(names) == 1 else f"channels {many}"
    return [f"{len(names)} {said}: {listed(names)}."]
