# SPDX-License-Identifier: GPL-3.0-or-later
"""The stack that is chosen for a take: what is needed and nothing else."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from stack_takes import odd_takes, rough_take

import facemocap_addon as fm
from facemocap_addon.core.channels import arkit_schema
from facemocap_addon.core.contacts.captured import lip_contacts
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.stack.auto import behind_chosen, chosen_stack, told_choice
from facemocap_addon.core.stack.presets import default_stack
from facemocap_addon.core.stack.reading import stack_from_json
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.core.take import Take, make_take
from sample_rigs.generator.performance import synthesise

NAMES = [name for name, channel in arkit_schema().items() if channel.kind == "weight"]


@cache
def acted(rate: float = 60.0) -> Take:
    """The synthetic performance without noise, gaps and glitches."""
    made = synthesise(12.0, rate_hz=rate)
    values = np.stack([made.channel(name, clean=True) for name in NAMES], axis=1)
    times = np.arange(len(values)) / rate
    return make_take(times, [arkit_schema()[name] for name in NAMES], values, rate=round(rate))


def damaged(kind: str, seed: int = 3) -> Take:
    take, rng = acted(), np.random.default_rng(seed)
    values = take.values + rng.normal(0, 0.012, take.values.shape)
    valid = np.ones(values.shape, np.bool_)
    if kind != "noise":
        hit = rng.random(values.shape) < 0.003
        hit[:4] = hit[-4:] = False
        values[hit] += rng.uniform(0.15, 0.5, hit.sum()) * rng.choice([-1, 1], hit.sum())
    if kind == "all":
        valid[200:209] = False
        valid[400:450, 5:12] = False
    return take.changed(kind, values=np.where(valid, values, 0.0), valid=valid)


def kinds_of(take: Take) -> list[str]:
    stack, why = chosen_stack(take)
    assert len(why) == len(stack.steps)
    assert all(sentence.endswith(".") for sentence in why)
    # what is switched off is suggested and does nothing (test_auto_suggestions)
    return [step.kind for step in stack.steps if step.enabled]


@pytest.mark.parametrize("rate", [24.0, 30.0, 60.0, 120.0])
def test_a_clean_take_gets_no_step(rate: float):
    assert kinds_of(acted(rate)) == []


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("noise", ["denoise"]),
        ("spikes", ["despike", "denoise"]),
        ("all", ["despike", "gap_fill", "denoise"]),
    ],
)
def test_what_is_wrong_gets_its_step(kind: str, wanted: list[str]):
    found = kinds_of(damaged(kind))
    # among so many draws of noise some are spikes by chance
    assert [each for each in found if each in wanted] == wanted
    assert ("gap_fill" in found) == ("gap_fill" in wanted)
    sentences = " ".join(chosen_stack(damaged(kind))[1])
    assert "0.012" in sentences
    assert ("away and back" in sentences) == ("despike" in found)
    assert ("0.83 s" in sentences) == (kind == "all")


@pytest.mark.parametrize("kind", ["noise", "spikes", "all"])
def test_it_is_no_worse_than_the_default_and_keeps_the_contacts(kind: str):
    take, truth = damaged(kind), acted()
    results = [run_stack(take, stack).take for stack in (chosen_stack(take)[0], default_stack())]
    errors = [float(np.sqrt(np.mean((out.values - truth.values) ** 2))) for out in results]
    assert errors[0] <= errors[1]
    found = lip_contacts(results[0])
    contacts = lip_contacts(truth)
    assert len(contacts) >= 10
    for contact in contacts:
        seen = take.valid[contact.first : contact.last + 1, truth.column("jawOpen")].all()
        assert not seen or any(
            one.first <= contact.last and one.last >= contact.first for one in found
        )


def test_noise_of_one_region_is_taken_off_there():
    take = acted()
    brows = [c for c, channel in enumerate(take.channels) if channel.region == "brow"]
    values = take.values.copy()
    values[:, brows] += np.random.default_rng(1).normal(0, 0.01, (len(values), len(brows)))
    noisy = take.changed("noise", values=values)
    stack, why = chosen_stack(noisy)
    assert [(step.kind, step.mask.regions) for step in stack.steps] == [("denoise", ("brow",))]
    assert "only brow" in why[0]
    out = run_stack(noisy, stack).take
    rest = [c for c in range(len(take.channels)) if c not in brows]
    assert np.array_equal(out.values[:, rest], take.values[:, rest])
    before, after = (
        np.abs(v[:, brows] - take.values[:, brows]).mean() for v in (values, out.values)
    )
    assert after < 0.5 * before


def test_one_large_spike_is_enough():
    values = acted().values.copy()
    values[300, 0] += 0.4
    stack, why = chosen_stack(acted().changed("spike", values=values))
    assert [step.kind for step in stack.steps] == ["despike"]
    assert why == ("1 sample of 1 channel jumps away and back.",)


def test_the_choice_is_an_ordinary_stack():
    take = damaged("all")
    stack, why = chosen_stack(take)
    assert (stack, why) == chosen_stack(take)
    assert stack_from_json(stack.to_json(), "stack") == stack
    assert fm.process(take, "auto").digest == fm.process(take, stack).digest


def test_odd_takes_get_a_stack_that_runs():
    for name, take in {**odd_takes(), "rough": rough_take()}.items():
        stack, _why = chosen_stack(take)
        assert run_stack(take, stack).take.samples == take.samples, name


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("JMTechArt_MySlate_3_iPhone.csv", []),
        ("alexdjulin_alex_rom_3.csv", ["gap_fill", "denoise"]),
    ],
)
def test_a_phone_take_is_left_nearly_as_it_is(shared: Path, name: str, wanted: list[str]):
    take = read_take(shared / "takes" / "livelinkface" / name)
    assert kinds_of(take) == wanted
    out = run_stack(take, chosen_stack(take)[0]).take
    weights = [c for c, channel in enumerate(take.channels) if channel.kind == "weight"]
    off = np.where(take.valid, out.values - take.values, 0.0)[:, weights]
    assert np.sqrt(np.mean(off**2)) < 0.0005


def test_chosen_steps_take_the_place_of_cleanup_and_of_nothing_else():
    mine = [
        make_step("despike", enabled=False),
        make_step("time_offset", offset_s=0.1),
        make_step("neutral"),
        make_step("blinks", softness=0.5),
        make_step("swap_sides"),
        make_step("breathing", enabled=False, influence=((0.0, 0.0), (1.0, 1.0))),
        make_step("range", gain=1.2),
        make_step("blinks", lag_s=0.01),
        make_step("dead_zone"),
    ]
    chosen = Stack((make_step("gap_fill"), make_step("denoise")))
    stack, places = behind_chosen(chosen, Stack(tuple(mine)))
    kept = [mine[place] for place in (1, 3, 5, 6, 7)]
    assert stack.steps == (*chosen.steps, *kept)
    assert places == {0: None, 1: 2, 2: None, 3: 3, 4: None, 5: 4, 6: 5, 7: 6, 8: None}
    # chosen again, nothing is there twice
    assert behind_chosen(chosen, stack)[0] == stack
    assert behind_chosen(Stack(), stack)[0].steps == tuple(kept)


def test_what_was_chosen_and_kept_is_said():
    one = Stack((make_step("despike"), make_step("neutral", enabled=False)))
    two = Stack((make_step("despike"), make_step("denoise")))
    assert told_choice(one, ()) == ("1 step was chosen, 1 more suggested and switched off", "")
    assert told_choice(two, ())[0] == "2 steps were chosen"
    kept = [make_step("blinks"), make_step("breathing"), make_step("blinks")]
    summary, sentence = told_choice(Stack(), kept)
    assert summary == "The take needs no cleanup; kept: Blinks and Breathing"
    assert sentence == "Kept as before: Blinks and Breathing."
