# SPDX-License-Identifier: GPL-3.0-or-later
"""A take's health as one HTML page: no script, no other file, readable on paper."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..pages import Content, Markup, element, facts, join, page, paragraph, section, table
from ..take import Take
from .channel_health import DEAD, LIVE, NOT_RECORDED, ChannelHealth
from .character_page import character_section
from .columns import is_point
from .curves import blinks_overlaid, over_time, ranges
from .examine import Health
from .expressions import Spread
from .sides import CONSISTENT, MIRRORED
from .wording import FAULT, NOTE, WARNING, Finding, counted, share

_ROWS, _TIMES, _TOLD = 120, 12, 3
_STYLE = """
.findings { list-style: none; margin: 1.2rem 0; padding: 0; }
.findings li { display: grid; grid-template-columns: 5rem 1fr; column-gap: 1rem;
  padding: .45rem 0; border-bottom: 1px solid var(--rule); break-inside: avoid; }
.findings b { font: 600 .78rem/1.7 var(--label); }
.fault b { color: #a8321a; } .warning b { color: #8a5a00; } .note b { color: var(--quiet); }
.findings p { margin: 0; } .findings small { color: var(--quiet); font-size: .86rem;
  font-variant-numeric: lining-nums tabular-nums; }
"""
_VERDICTS = {MIRRORED: "one of the two is mirrored", CONSISTENT: "agree"}


def to_html(health: Health, take: Take, *more: Content) -> str:
    """The page; ``take`` is the one that was examined, ``more`` follows what is told of it."""
    return page(
        f"Health of {health.take}",
        element("h1", f"Health of {health.take}"),
        paragraph(verdict(health.findings), class_="lead"),
        findings_list(health.findings),
        _timing(health),
        _section("Over time", over_time(take, health)),
        _eyes_and_lips(take, health),
        _left_and_right(health),
        _expressions(health),
        _channels(health),
        mapping_section(health),
        character_section(health.on_character),
        *more,
        _section("What the reader said", _notes(take)),
        element("footer", "How each figure is measured is told in docs/health.md of Face Mocap."),
        extra_style=_STYLE,
    )


def verdict(findings: Sequence[Finding]) -> str:
    """One sentence about all findings."""
    counts = {kind: sum(f.severity == kind for f in findings) for kind in (FAULT, WARNING, NOTE)}
    told = [counted(counts[kind], kind) for kind in (FAULT, WARNING) if counts[kind]]
    if told:
        order = ": the worst first" if sum(counts[kind] for kind in (FAULT, WARNING)) > 1 else ""
        return f"{' and '.join(told)}{order}."
    return "No faults and no warnings."


def findings_list(findings: Sequence[Finding]) -> Markup:
    """Findings with their severities and moments."""
    rows: list[Markup] = []
    for finding in findings:
        parts: list[Content] = [paragraph(finding.text)]
        times = finding.times_s
        if len(times) > _TOLD:
            told = ", ".join(f"{time:.2f}" for time in times[:_TIMES])
            more = f" and {len(times) - _TIMES} more" if len(times) > _TIMES else ""
            parts.append(element("small", f"Jump to {told} s{more}"))
        rows.append(
            element(
                "li",
                element("b", finding.severity),
                element("div", *parts),
                class_=finding.severity,
            )
        )
    return element("ul", *rows, class_="findings")


def _section(title: str, *contents: Content) -> Markup:
    """A section; nothing where nothing is in it."""
    return section(title, *contents) if any(contents) else Markup()


def _timing(health: Health) -> Markup:
    timing = health.timing
    live = [c for c in health.channels if not is_point(c.kind)]
    points = {c.name.rpartition(".")[0] for c in health.channels if is_point(c.kind)}
    rate = f"{timing.rate_hz:.3f} Hz"
    if abs(timing.rate_hz - timing.nominal_hz) > 0.02 * timing.nominal_hz:
        rate += f", the recording claims {timing.nominal_hz:.3f} Hz"
    holes = [gap for gap in timing.gaps if not gap.channels]
    return section(
        "The recording",
        facts(
            [
                ("File", health.source),
                ("Length", f"{timing.duration_s:.2f} s, {counted(timing.samples, 'sample')}"),
                ("Rate found", rate),
                ("Steps", f"scatter by {1e3 * timing.jitter_s:.2f} ms"),
                ("Channels", _channel_counts(live)),
                ("Points", str(len(points)) if points else ""),
                ("Recorded", f"{share(timing.recorded_share)} of all samples of these"),
                ("Dropped", f"{counted(timing.frames_dropped, 'frame')}"),
                ("Gaps", f"{sum(g.end_s - g.start_s for g in holes):.2f} s" if holes else "none"),
                ("Repeated", f"{counted(len(timing.repeated_s), 'sample')}"),
            ]
        ),
    )


def _channel_counts(channels: Sequence[ChannelHealth]) -> str:
    if not channels:
        return ""
    counts = {
        state: sum(c.state == state for c in channels) for state in (LIVE, DEAD, NOT_RECORDED)
    }
    words = ("that move", "that never change", "that were not recorded")
    told = [f"{n} {word}" for n, word in zip(counts.values(), words, strict=True) if n]
    return ", ".join(told)


def _eyes_and_lips(take: Take, health: Health) -> Markup:
    if not health.eyes and not health.jaw:
        return Markup()
    kinds = [blink.kind for blink in health.blinks]
    told = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    blinks = f"{len(kinds)} ({health.blinks_a_minute:.1f} a minute): {told}" if kinds else "none"
    closed = sum(c.end_s - c.start_s for c in health.lip_contacts)
    lips = f"closed {counted(len(health.lip_contacts), 'time')}, {closed:.2f} s in all"
    rows = [
        (
            f"{b.peak_s:.2f}",
            b.kind,
            _figure(b.left),
            _figure(b.right),
            _figure(b.left_closure),
            _figure(b.right_closure),
            f"{1e3 * b.closing_s:.0f}",
            f"{1e3 * b.closed_s:.0f}",
            f"{1e3 * b.opening_s:.0f}",
            "" if b.lag_s is None else _signed(1e3 * b.lag_s, 0),
        )
        for b in health.blinks[:_ROWS]
    ]
    header = (
        *("At, s", "Kind", "Left", "Right", "Left closes", "Right closes"),
        *("Closing, ms", "Closed, ms", "Opening, ms", "Right lags, ms"),
    )
    return section(
        "Blinks and lips",
        facts([("Blinks", blinks if health.eyes else ""), ("Lips", lips if health.jaw else "")]),
        blinks_overlaid(take, health),
        table(header, rows, numbers=(0, *range(2, 10))) if rows else Markup(),
        _more(len(health.blinks), "blink"),
    )


def _left_and_right(health: Health) -> Markup:
    regions = [
        (
            r.region,
            f"{r.moving} of {r.pairs}",
            _figure(r.asymmetry, 3),
            "" if r.bias is None else _signed(r.bias, 3),
            "one and the same" if r.is_coupled else f"{r.coupled} coupled" if r.coupled else "",
        )
        for r in health.region_pairs
    ]
    pairs = [
        (
            f"{p.left}, {p.right}",
            _figure(p.correlation, 4),
            _figure(p.asymmetry, 3),
            "" if p.bias is None else _signed(p.bias, 3),
            "" if p.lag_s is None else _signed(1e3 * p.lag_s, 1),
        )
        for p in health.pairs
        if p.correlation is not None
    ]
    evidence = [
        (e.compared, _signed(e.agreement, 2), share(e.sure), _VERDICTS.get(e.says, "not told"))
        for e in health.sides.evidence
    ]
    if not (regions or pairs or evidence):
        return Markup()
    parts: list[Content] = []
    if regions:
        header = ("Region", "Pairs that move", "Asymmetry index", "Left stronger", "")
        parts.append(table(header, regions, numbers=(2, 3)))
    if pairs:
        header = ("Pair", "Correlation", "Asymmetry index", "Left stronger", "Right lags, ms")
        parts.append(table(header, pairs, numbers=(1, 2, 3, 4)))
    parts.append(element("h3", "Is a part of it mirrored?"))
    if evidence:
        parts.append(table(("Compared", "Agreement", "Sure", ""), evidence, numbers=(1, 2)))
    parts.append(
        paragraph(
            "Agreement goes from −1 (one of the two is mirrored) to 1 (as it must be). A take that "
            "is mirrored as a whole, head and all, agrees in everything and cannot be told.",
            class_="note",
        )
    )
    return section("Left and right", *parts)


def _expressions(health: Health) -> Markup:
    rows = [
        (
            r.region,
            f"{r.moving} of {r.channels}",
            _in_unit(r.span, r.kind),
            _in_unit(r.activity, r.kind),
            str(len(r.events)),
            *(_spread(r.timing.get(name)) for name in ("onset_s", "apex_s", "offset_s")),
        )
        for r in health.regions
    ]
    header = (
        *("Region", "Channels that move", "Range of motion", "Activity", "Events"),
        *("Onset, s", "Apex, s", "Offset, s"),
    )
    if not rows:
        return Markup()
    return section(
        "Expressions",
        ranges(health.channels),
        table(header, rows, numbers=(2, 3, 4, 5, 6, 7)),
        paragraph(
            "An event is a rise and fall of a region's distance from its neutral. Onset: 10 to "
            "90 % of the rise; apex: above 90 %; offset: 90 to 10 % of the fall. Medians, with "
            "the outer tenths in brackets.",
            class_="note",
        ),
    )


def _channels(health: Health) -> Markup:
    shown = [c for c in health.channels if c.state != NOT_RECORDED]
    rows = [
        (
            c.name,
            c.region,
            f"{_in_unit(c.p01, c.kind)} to {_in_unit(c.p99, c.kind)}",
            _in_unit(c.neutral, c.kind),
            _in_unit(c.span, c.kind),
            _noise(c),
            str(len(c.spikes_s) or ""),
            _remark(c),
        )
        for c in shown[:_ROWS]
    ]
    header = (
        *("Channel", "Region", "1st to 99th percentile", "Neutral", "Range"),
        *("Noise", "Spikes", ""),
    )
    body = table(header, rows, numbers=(2, 3, 4, 5, 6)) if rows else Markup()
    return _section("Channels", join([body, _more(len(shown), "channel")]) if rows else Markup())


def mapping_section(health: Health) -> Markup:
    """What a character gets of the take; nothing where no map was given."""
    own = health.coverage
    if own is None:
        return Markup()
    return section(
        f"On {own.rig or 'the character'}",
        facts(
            [
                ("Channels", f"{own.reached} of {own.channels} drive something"),
                ("That move", f"{own.moving_reached} of {own.moving}"),
                ("Motion", f"{share(own.motion_share)} of it reaches the character"),
                ("Controls", f"{own.controls_fed} of {own.controls} are moved"),
                ("Lost", ", ".join(own.lost)),
                ("Waited for", ", ".join(own.unfed)),
            ]
        ),
    )


def _notes(take: Take) -> Markup:
    return (
        facts(
            [
                ("Warnings", " ".join(take.warnings)),
                ("Assumed", " ".join(take.assumptions)),
                ("Done since", " ".join(take.history)),
            ]
        )
        if (take.warnings or take.assumptions or take.history)
        else Markup()
    )


def _remark(channel: ChannelHealth) -> str:
    told: list[str] = []
    if channel.state == DEAD:
        told.append("never changes")
    if channel.cut_off_at is not None:
        told.append(f"at {channel.cut_off_at:.3g} for {share(channel.cut_off_share)}")
    if channel.valid_share < 1.0:
        told.append(f"{share(channel.valid_share)} recorded")
    return ", ".join(told)


def _noise(channel: ChannelHealth) -> str:
    if channel.kind == "angle":
        return f"{math.degrees(channel.noise):.3f}°"
    if channel.kind in ("translation", "point"):
        return f"{1e3 * channel.noise:.2f} mm"
    return f"{channel.noise:.4f}"


def _in_unit(value: float, kind: str) -> str:
    if kind == "angle":
        return _signed_less(math.degrees(value), 1) + "°"
    if kind in ("translation", "point"):
        return _signed_less(1e3 * value, 1) + " mm"
    return _signed_less(value, 2)


def _signed_less(value: float, digits: int) -> str:
    """A figure with a true minus."""
    # adding nought turns -0.0 into 0.0
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def _signed(value: float, digits: int) -> str:
    rounded = round(value, digits)
    return (f"{rounded:+.{digits}f}" if rounded else f"{0:.{digits}f}").replace("-", "−")


def _figure(value: float | None, digits: int = 2) -> str:
    return "" if value is None else _signed_less(value, digits)


def _spread(each: Spread | None) -> str:
    return "" if each is None else f"{each.median:.2f} ({each.p10:.2f} to {each.p90:.2f})"


def _more(count: int, noun: str) -> Markup:
    if count <= _ROWS:
        return Markup()
    return paragraph(f"And {counted(count - _ROWS, f'more {noun}')}.", class_="note")
