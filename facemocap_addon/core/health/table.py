# SPDX-License-Identifier: GPL-3.0-or-later
"""A take's health as a long table for research: one figure a row.

Columns are region, channel, measure, value, unit, event. What is said of the whole take has no
region, what is said of a region no channel. Events are numbered from 1; a row without a number is
about all of them. Units: ``s``, ``Hz``, ``rad``, ``m``, ``px``, ``count``, and ``1`` for
coefficients, parts and correlations.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .channel_health import NOT_RECORDED
from .columns import unit_of

if TYPE_CHECKING:
    from .examine import Health

HEADER = ("region", "channel", "measure", "value", "unit", "event")
Row = tuple[str, str, str, float | int | str | None, str, int | str]


def to_csv(health: Health) -> str:
    """The table as text; a value that is not known is left out."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEADER)
    for region, channel, measure, value, unit, event in table_rows(health):
        if value is not None:
            told = f"{value:.9g}" if isinstance(value, float) else value
            writer.writerow((region, channel, measure, told, unit, event))
    return file.getvalue()


def table_rows(health: Health) -> Iterator[Row]:
    """All rows in order."""
    yield from _take_rows(health)
    yield from _region_rows(health)
    yield from _pair_rows(health)
    yield from _channel_rows(health)
    yield from _blink_rows(health)
    yield from _lip_rows(health)
    yield from _character_rows(health)


def _take_rows(health: Health) -> Iterator[Row]:
    timing, sides = health.timing, health.sides
    for measure, value, unit in (
        ("samples", timing.samples, "count"),
        ("duration", timing.duration_s, "s"),
        ("rate", timing.rate_hz, "Hz"),
        ("nominal_rate", timing.nominal_hz, "Hz"),
        ("step_deviation", timing.jitter_s, "s"),
        ("frames_dropped", timing.frames_dropped, "count"),
        ("gaps", len(timing.gaps), "count"),
        ("samples_repeated", len(timing.repeated_s), "count"),
        ("recorded_share", timing.recorded_share, "1"),
    ):
        yield "", "", measure, value, unit, ""
    for evidence in sides.evidence:
        yield "", "", f"sides_{evidence.name}_agreement", evidence.agreement, "1", ""
        yield "", "", f"sides_{evidence.name}_sure", evidence.sure, "1", ""
    if health.coverage is not None:
        yield "", "", "mapping_channels_reached", health.coverage.reached, "count", ""
        yield "", "", "mapping_motion_share", health.coverage.motion_share, "1", ""


def _region_rows(health: Health) -> Iterator[Row]:
    for own in health.regions:
        unit = unit_of(own.kind)
        yield own.region, "", "channels", own.channels, "count", ""
        yield own.region, "", "channels_moving", own.moving, "count", ""
        yield own.region, "", "range_of_motion", own.span, unit, ""
        yield own.region, "", "activity_rms", own.activity, unit, ""
        yield own.region, "", "noise", own.noise, unit, ""
        yield own.region, "", "events", len(own.events), "count", ""
        for name, each in own.timing.items():
            stem = name.removesuffix("_s") + "_duration"
            yield own.region, "", f"{stem}_median", each.median, "s", ""
            yield own.region, "", f"{stem}_p10", each.p10, "s", ""
            yield own.region, "", f"{stem}_p90", each.p90, "s", ""
        for number, event in enumerate(own.events, 1):
            yield own.region, "", "event_start", event.start_s, "s", number
            yield own.region, "", "event_peak", event.peak_s, "s", number
            yield own.region, "", "event_end", event.end_s, "s", number
            yield own.region, "", "onset_duration", event.onset_s, "s", number
            yield own.region, "", "apex_duration", event.apex_s, "s", number
            yield own.region, "", "offset_duration", event.offset_s, "s", number
            yield own.region, "", "event_height", event.rise, unit, number


def _pair_rows(health: Health) -> Iterator[Row]:
    for own in health.region_pairs:
        yield own.region, "", "asymmetry_index", own.asymmetry, "1", ""
        yield own.region, "", "asymmetry_bias", own.bias, "1", ""
        yield own.region, "", "pairs_coupled", own.coupled, "count", ""
    for pair in health.pairs:
        name = f"{pair.left}/{pair.right}"
        yield pair.region, name, "correlation", pair.correlation, "1", ""
        yield pair.region, name, "asymmetry_index", pair.asymmetry, "1", ""
        yield pair.region, name, "asymmetry_bias", pair.bias, "1", ""
        yield pair.region, name, "right_lag", pair.lag_s, "s", ""


def _channel_rows(health: Health) -> Iterator[Row]:
    for own in health.channels:
        if own.state == NOT_RECORDED:
            yield own.region, own.name, "recorded_share", 0.0, "1", ""
            continue
        for measure, value, unit in (
            ("recorded_share", own.valid_share, "1"),
            ("minimum", own.low, own.unit),
            ("maximum", own.high, own.unit),
            ("p01", own.p01, own.unit),
            ("median", own.p50, own.unit),
            ("p99", own.p99, own.unit),
            ("neutral", own.neutral, own.unit),
            ("extreme", own.extreme, own.unit),
            ("range_of_motion", own.span, own.unit),
            ("noise", own.noise, own.unit),
            ("spikes", len(own.spikes_s), "count"),
            ("cut_off_share", own.cut_off_share, "1"),
        ):
            yield own.region, own.name, measure, value, unit, ""


def _blink_rows(health: Health) -> Iterator[Row]:
    if not health.eyes:
        return
    yield "eye", "", "blinks", len(health.blinks), "count", ""
    yield "eye", "", "blinks_per_minute", health.blinks_a_minute, "1/min", ""
    for number, blink in enumerate(health.blinks, 1):
        yield "eye", "", "blink_kind", blink.kind, "", number
        yield "eye", "", "blink_peak", blink.peak_s, "s", number
        yield "eye", "", "blink_closing_duration", blink.closing_s, "s", number
        yield "eye", "", "blink_closed_duration", blink.closed_s, "s", number
        yield "eye", "", "blink_opening_duration", blink.opening_s, "s", number
        yield "eye", "eyeBlinkLeft", "blink_height", blink.left, "1", number
        yield "eye", "eyeBlinkRight", "blink_height", blink.right, "1", number
        yield "eye", "eyeBlinkLeft", "blink_closure", blink.left_closure, "1", number
        yield "eye", "eyeBlinkRight", "blink_closure", blink.right_closure, "1", number
        yield "eye", "", "blink_right_lag", blink.lag_s, "s", number


def _lip_rows(health: Health) -> Iterator[Row]:
    if not health.jaw:
        return
    contacts = health.lip_contacts
    yield "mouth", "", "lip_contacts", len(contacts), "count", ""
    for number, contact in enumerate(contacts, 1):
        yield "mouth", "", "lip_contact_start", contact.start_s, "s", number
        yield "mouth", "", "lip_contact_end", contact.end_s, "s", number
        yield "mouth", "", "lip_contact_duration", contact.end_s - contact.start_s, "s", number


def _character_rows(health: Health) -> Iterator[Row]:
    own = health.on_character
    if own is None:
        return
    yield "", "", "controls_driven", len(own.drivers), "count", ""
    numbers: dict[str, int] = {}
    for closing in own.closings:
        opening = closing.opening
        number = numbers[opening] = numbers.get(opening, 0) + 1
        region = "mouth" if opening == "mouth" else "eye"
        yield region, "", f"{opening}_closing_time", closing.at_s, "s", number
        yield region, "", f"{opening}_gap_captured", closing.before / 100.0, "1", number
        yield region, "", f"{opening}_gap", closing.after / 100.0, "1", number
