# SPDX-License-Identifier: GPL-3.0-or-later
"""Rhythm: blinks evened out and brought to times; made ones are as frequent as was published."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from blink_takes import START_S, Known, clock, performance
from test_blink_edits import check_untouched, plain_take
from test_blink_finding import lids_take

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.events.blinks.editing import edit_blinks
from facemocap_addon.core.events.blinks.finding import find_blinks
from facemocap_addon.core.events.blinks.generating import CONTEXTS, generate_blinks
from facemocap_addon.core.events.blinks.rhythm import even_out, move_to_times
from facemocap_addon.core.take import Take

#: Rates a minute and mean times between blinks (seconds) that the contexts must keep to: Doughty
#: (2001), 95 % confidence intervals of rates; Doughty (2002) and Chidi-Egboka and others (2022),
#: means and two standard deviations of times.
RATES = {"rest": (8.0, 21.0), "conversation": (10.5, 32.5), "reading": (1.4, 14.4)}
BETWEEN_S = {"rest": (1.6, 11.2), "conversation": (0.3, 2.7), "reading": (0.0, 27.0)}


def apexes(take: Take) -> list[float]:
    return [blink.apex_s for blink in find_blinks(take)]


def blinking(*onsets: float) -> Take:
    """Blinks at some seconds from the start, in 30 s."""
    times = clock(60.0, 30.0)
    known = [Known(START_S + at, 0.09, 0.02, 0.03, 0.8, "") for at in onsets]
    lid = 0.05 + sum(k.rise * k.at(times) for k in known)
    return lids_take(times, lid, lid)


def test_times_between_blinks_come_into_a_range():
    take = blinking(1.0, 1.9, 6.3, 8.0, 8.7, 14.0, 18.5)
    blinks = find_blinks(take)
    done = edit_blinks(take, even_out(blinks, 1.5, 4.0, most_s=30.0))
    assert done.unmatched == ()
    check_untouched(take, done)
    now = apexes(done.take)
    assert now[0] == pytest.approx(blinks[0].apex_s, abs=2e-3)
    assert np.diff(now).min() >= 1.5 - 0.02
    assert np.diff(now).max() <= 4.0 + 0.02
    # no farther than allowed
    moves = even_out(blinks, 1.5, 4.0, most_s=0.3)
    assert max(abs(move.amount) for move in moves) == pytest.approx(0.3)
    assert even_out(blinks, 0.01, 100.0) == ()
    with pytest.raises(FacemocapError, match="range"):
        even_out(blinks, 3.0, 1.0)


def test_double_blinks_go_together_and_closed_eyes_stay():
    made = performance(60.0, 60.0, seed=3)
    blinks = find_blinks(made.take)
    moves = {round(m.at_s, 6): m.amount for m in even_out(blinks, 1.5, 2.0)}
    pairs = [
        (one, two) for one, two in itertools.pairwise(blinks) if one.kind == two.kind == "double"
    ]
    assert len(pairs) >= 3
    for one, two in pairs:
        if two.apex_s - one.apex_s < 0.5:
            assert moves.get(round(one.apex_s, 6)) == moves.get(round(two.apex_s, 6))
    assert not [b for b in blinks if b.kind == "long" and round(b.apex_s, 6) in moves]


def test_blinks_come_to_beats_and_cuts():
    take = plain_take()
    own = apexes(take)
    beats = [own[0] + 0.13, own[1] - 0.2, own[2] + 0.6, START_S + 3.5]
    moves = move_to_times(find_blinks(take), beats)
    assert [m.at_s for m in moves] == own[:2]
    assert [m.amount for m in moves] == pytest.approx([0.13, -0.2], abs=1e-9)
    done = edit_blinks(take, moves)
    assert apexes(done.take)[:2] == pytest.approx(beats[:2], abs=0.5 / 60 + 2e-3)
    onset = move_to_times(find_blinks(take), [own[0]], anchor="onset", offset_s=-0.05)
    first = find_blinks(take)[0]
    assert onset[0].amount == pytest.approx(own[0] - 0.05 - first.onset_s)
    with pytest.raises(FacemocapError, match="apex or onset"):
        move_to_times(find_blinks(take), [1.0], anchor="end")


def test_times_attract_one_blink_each_and_none_passes_another():
    blinks = find_blinks(performance(60.0, 60.0, seed=9).take)
    times = [b.apex_s + 0.1 for b in blinks for _ in range(2)]
    moves = move_to_times(blinks, times, reach_s=3.0)
    goals = [m.at_s + m.amount for m in moves]
    assert goals == sorted(goals)
    assert move_to_times(blinks, []) == ()
    assert move_to_times([], [1.0]) == ()


@pytest.mark.parametrize("context", CONTEXTS)
def test_made_blinks_are_as_frequent_as_was_published(context: str):
    times = clock(30.0, 120.0)
    lid = np.full(len(times), 0.05)
    take = lids_take(times, lid, lid)
    rates: list[float] = []
    gaps: list[float] = []
    for seed in range(8):
        edits = generate_blinks(take, (), context=context, seed=seed)
        done = edit_blinks(take, edits)
        made = sorted(e.at_s for e in edits if e.op == "insert")
        assert done.counts["dropped"] == 0
        rates.append(len(made) / 2.0)
        gaps += np.diff(made).tolist()
    if context in RATES:
        low, high = RATES[context]
        assert all(low <= rate <= high for rate in rates)
        low, high = BETWEEN_S[context]
        assert low <= np.mean(gaps) <= high
        # a log-normal's mean lies above its median
        assert np.mean(gaps) > np.median(gaps)
    else:
        assert min(rates) > RATES["conversation"][1]
    assert min(gaps) > 0.5


def test_made_blinks_are_blinks():
    times = clock(60.0, 60.0)
    lid = np.full(len(times), 0.05)
    lid[600:612] += 0.5 * np.hanning(12)
    take = lids_take(times, lid, lid)
    edits = generate_blinks(take, find_blinks(take), context="rest", replace_own=True, seed=1)
    found = find_blinks(edit_blinks(take, edits).take)
    asked = [e for e in edits if e.op == "insert"]
    assert len(found) == len(asked) >= 8
    for blink in found:
        assert 0.05 < blink.lead.shape.closing_s < 0.13
        assert 0.02 < blink.lead.shape.tau_s < 0.07
        assert 0.003 < abs(blink.lag_s or 0.0) < 0.017


def test_gaps_are_filled_and_equal_seeds_give_equal_blinks():
    take = blinking(2.0, 4.0, 25.0)
    found = find_blinks(take)
    assert generate_blinks(take, found, context="reading", seed=1) == ()
    edits = generate_blinks(take, found, context="conversation", seed=1)
    assert edits == generate_blinks(take, found, context="conversation", seed=1)
    assert edits != generate_blinks(take, found, context="conversation", seed=2)
    after = apexes(edit_blinks(take, edits).take)
    assert len(after) == 3 + sum(e.op == "insert" for e in edits) > 8
    assert not [e for e in edits if e.op == "delete"]
    for bad in (0.0, -1.0, float("nan")):
        with pytest.raises(FacemocapError, match="rate"):
            generate_blinks(take, found, context="rest", rate_per_min=bad)
    with pytest.raises(FacemocapError, match="context"):
        generate_blinks(take, found, context="asleep")
