# SPDX-License-Identifier: GPL-3.0-or-later
"""Health on a character as plain data: moments, gaps, findings, page and table; noisy lips."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from health_takes import START_S, added, busy_face, clock, take_of

from facemocap_addon.core.contacts.captured import LipContact
from facemocap_addon.core.health.examine import Health, examine, with_character
from facemocap_addon.core.health.on_character import (
    BLINK,
    CONTACT,
    Closing,
    DrivenControl,
    OnCharacter,
    closings_of,
    moments_of,
)
from facemocap_addon.core.health.report_page import to_html
from facemocap_addon.core.health.table import to_csv
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take

OPENINGS = ("left_lids", "mouth", "right_lids")


@cache
def busy() -> tuple[Take, Health]:
    times = clock()
    take = take_of(times, busy_face(times))
    return take, examine(take)


def rows_of(health: Health) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(to_csv(health))))


def hero(**settings: object) -> OnCharacter:
    return replace(OnCharacter("hero", openings=OPENINGS, is_kept=True), **settings)


@pytest.mark.parametrize("rate", [24.0, 30.0, 60.0])
def test_moments_are_the_frames_around_peaks_and_inside_contacts(rate: float):
    _take, health = busy()
    times = START_S + np.arange(round(20 * rate) + 1) / rate
    contacts = (
        LipContact(0, 0, START_S + 3.0, START_S + 3.5),
        # between two frames: the nearer one counts
        LipContact(0, 0, START_S + 5.0 + 0.3 / rate, START_S + 5.0 + 0.4 / rate),
        LipContact(0, 0, START_S + 90.0, START_S + 91.0),
    )
    moments = moments_of(health.blinks, contacts, times, OPENINGS)
    lids = [m for m in moments if m.what == BLINK]
    assert len(lids) == 2 * len(health.blinks)
    for moment in lids:
        off = times[list(moment.rows)] - moment.at_s
        assert np.abs(off).max() <= 0.05 + 1e-6
        assert len(off) == np.sum(np.abs(times - moment.at_s) <= 0.05 + 1e-6)
    lips = [m for m in moments if m.what == CONTACT]
    assert [m.rows for m in lips] == [
        tuple(range(round(3 * rate), round(3.5 * rate) + 1)),
        (round(5 * rate),),
    ]
    assert [m.at_s for m in moments] == sorted(m.at_s for m in moments)
    assert {m.opening for m in moments_of(health.blinks, contacts, times, ("mouth",))} == {"mouth"}
    assert moments_of(health.blinks, contacts, times[:0], OPENINGS) == ()


def test_of_a_blink_the_least_counts_of_a_contact_the_most():
    _take, health = busy()
    times = START_S + clock(20.0, 24.0)
    contact = LipContact(0, 0, START_S + 3.0, START_S + 3.2)
    moments = moments_of(health.blinks[:1], (contact,), times, OPENINGS)
    rows = sorted({row for moment in moments for row in moment.rows})
    before = {name: 10.0 + np.arange(len(rows)) for name in OPENINGS}
    after = {name: 0.5 * gaps for name, gaps in before.items()}
    found = closings_of(moments, before, after, rows)
    assert len(found) == 3
    for moment, closing in zip(moments, found, strict=True):
        own = [10.0 + rows.index(row) for row in moment.rows]
        expected = min(own) if moment.what == BLINK else max(own)
        assert (closing.before, closing.after) == (expected, 0.5 * expected)


def closing(what: str, at_s: float, before: float, after: float, *, full: bool = True) -> Closing:
    opening = "mouth" if what == CONTACT else "left_lids"
    return Closing(what, opening, at_s, full, before, after)


def test_what_stays_open_is_told_the_worst_first():
    take, health = busy()
    own = hero(
        closings=(
            closing(BLINK, 1.0, 30.0, 12.5),
            closing(BLINK, 2.0, 8.0, 0.5),
            closing(BLINK, 2.5, 60.0, 60.0, full=False),
            closing(CONTACT, 3.0, 4.0, 0.3),
            closing(CONTACT, 4.0, 1.0, 0.3),
        )
    )
    findings = {f.code: f for f in with_character(health, take, own).findings}
    eyes = findings["eyes_open"]
    assert (eyes.severity, eyes.times_s) == ("warning", (1.0,))
    assert "1 of 2 full blinks" in eyes.text
    assert "12.5 %" in eyes.text
    assert "30.0 %" in eyes.text
    lips = findings["lips_closed"]
    assert lips.severity == "note"
    assert "All 2 lip contacts" in lips.text
    assert "4.0 %" in lips.text
    # as captured nothing was brought together, and it is said how to
    plain = replace(own, is_kept=False)
    told = {f.code: f.text for f in with_character(health, take, plain).findings}
    assert "Let lids and lips meet" in told["eyes_open"]
    assert "lips_closed" not in told
    # what was fine as captured needs no word
    fine = hero(closings=(closing(BLINK, 1.0, 2.0, 0.5), closing(CONTACT, 3.0, 1.0, 0.3)))
    assert not {"eyes_open", "eyes_closed", "lips_open", "lips_closed"} & {
        f.code for f in with_character(health, take, fine).findings
    }


def test_a_take_by_itself_says_nothing_of_a_character():
    take, health = busy()
    assert health.on_character is None
    assert health.to_json()["on_character"] is None
    assert "As it plays on" not in to_html(health, take)
    assert not [row for row in rows_of(health) if "gap" in row["measure"] and row["event"]]


def test_page_table_and_document_hold_the_same_figures():
    take, health = busy()
    own = hero(
        closings=(closing(BLINK, 1.0, 30.0, 12.5), closing(CONTACT, 3.0, 4.0, 0.3)),
        drivers=(
            DrivenControl("jawOpen", "head", "driven by v", "prop_17", is_keyed=False),
            DrivenControl("<b>", "head", "driven by v", "", is_keyed=True),
        ),
        notes=("A driver is muted.",),
    )
    whole = with_character(health, take, own)
    html = to_html(whole, take)
    for words in ("As it plays on hero", "30.0 %", "12.5 %", "prop_17", "&lt;b&gt;", "muted"):
        assert words in html
    assert "<b>" not in html.split("As it plays on hero")[1]
    document = whole.to_json()["on_character"]
    assert document == own.to_json()
    wanted = [r for r in rows_of(whole) if "_gap" in r["measure"] or "driven" in r["measure"]]
    table = {(r["measure"], r["event"]): float(r["value"]) for r in wanted}
    assert table == {
        ("controls_driven", ""): 2.0,
        ("left_lids_gap_captured", "1"): 0.3,
        ("left_lids_gap", "1"): 0.125,
        ("mouth_gap_captured", "1"): 0.04,
        ("mouth_gap", "1"): pytest.approx(0.003),
    }


@pytest.mark.parametrize("dropouts", [False, True])
@pytest.mark.parametrize("sigma", [0.01, 0.02])
def test_noise_makes_no_blinks_and_no_contacts(sample_rigs: Path, sigma: float, dropouts: bool):
    take = read_take(sample_rigs / "sample_take.csv")
    clean = examine(take)
    rng = np.random.default_rng(7)
    weights = np.array([channel.kind == "weight" for channel in take.channels])
    values, valid = take.values.copy(), take.valid.copy()
    values[:, weights] += rng.normal(0, sigma, (take.samples, int(weights.sum())))
    if dropouts:
        # up to 0.2 s, where neither a blink nor a short contact is hidden
        kept = [(c.start_s, c.end_s) for c in clean.lip_contacts if c.end_s - c.start_s < 0.25]
        kept += [(blink.start_s, blink.end_s) for blink in clean.blinks]
        lost = 0
        for start in range(20, take.samples - 20, 60):
            part = slice(start, start + int(rng.integers(4, 12)))
            first_s, last_s = take.times[part][[0, -1]]
            if not any(end >= first_s and begin <= last_s for begin, end in kept):
                valid[part] = False
                lost += 1
        assert lost >= 5
    noisy = examine(take.changed("noise", values=np.where(valid, values, 0.0), valid=valid))
    assert len(noisy.blinks) == len(clean.blinks) == 15
    assert len(noisy.lip_contacts) == len(clean.lip_contacts) == 30
    for found, true in zip(noisy.lip_contacts, clean.lip_contacts, strict=True):
        assert found.start_s <= true.end_s
        assert found.end_s >= true.start_s


def test_the_table_for_research_of_a_take_that_is_known():
    """Trapezoids of a mouth, the right side 0.8 of the left: every figure is known."""
    times = clock(24.0, 100.0)
    knots = ([2, 3, 4, 6], [10, 10.5, 11, 12], [18, 20, 20.5, 21.5])
    left = added(np.interp(times, each, [0, 0.9, 0.9, 0]) for each in knots)
    health = examine(take_of(times, {"mouthSmileLeft": left, "mouthSmileRight": 0.8 * left}))
    table = {
        (r["region"], r["channel"], r["measure"], r["event"]): float(r["value"])
        for r in rows_of(health)
        if r["measure"] != "blink_kind"
    }
    pair = "mouthSmileLeft/mouthSmileRight"
    for channel in ("", pair):
        assert table["mouth", channel, "asymmetry_index", ""] == pytest.approx(0.2 / 1.8, abs=1e-6)
        assert table["mouth", channel, "asymmetry_bias", ""] == pytest.approx(0.2 / 1.8, abs=1e-6)
    assert table["mouth", pair, "correlation", ""] == pytest.approx(1.0, abs=1e-6)
    assert table["mouth", pair, "right_lag", ""] == pytest.approx(0.0, abs=1e-6)
    assert table["mouth", "", "range_of_motion", ""] == pytest.approx(0.9, abs=1e-3)
    assert table["mouth", "mouthSmileRight", "range_of_motion", ""] == pytest.approx(0.72, abs=1e-3)
    assert table["mouth", "", "events", ""] == 3
    for number, (start, rise, fall, end) in enumerate(knots, 1):
        event = {
            "event_start": START_S + start + 0.1 * (rise - start),
            "event_end": START_S + end - 0.1 * (end - fall),
            "onset_duration": 0.8 * (rise - start),
            "apex_duration": fall - rise + 0.1 * (rise - start) + 0.1 * (end - fall),
            "offset_duration": 0.8 * (end - fall),
            "event_height": 0.9 * np.sqrt(1 + 0.8**2),
        }
        for measure, value in event.items():
            found = table["mouth", "", measure, str(number)]
            assert found == pytest.approx(value, abs=2e-3), measure
        assert rise <= table["mouth", "", "event_peak", str(number)] - START_S <= fall
    for stem, spans in {
        "onset": [0.8, 0.4, 1.6],
        "apex": [1.0 + 0.1 + 0.2, 0.5 + 0.05 + 0.1, 0.5 + 0.2 + 0.1],
        "offset": [1.6, 0.8, 0.8],
    }.items():
        low, middle, high = np.percentile(spans, [10, 50, 90])
        for name, value in (("median", middle), ("p10", low), ("p90", high)):
            found = table["mouth", "", f"{stem}_duration_{name}", ""]
            assert found == pytest.approx(value, abs=2e-3)
