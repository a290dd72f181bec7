# SPDX-License-Identifier: GPL-3.0-or-later
"""The .take.npz file: equal takes are equal bytes; damage is an error and never a wrong take."""

from __future__ import annotations

import hashlib
import random
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from facemocap_addon.core.channels import Channel
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take, TakeSource
from facemocap_addon.core.take_file import take_bytes, write_take_file
from facemocap_addon.core.timebase import Timebase


def some_take(samples: int = 7, seed: int = 0, *, confidence: bool = True) -> Take:
    rng = np.random.default_rng(seed)
    shape = (samples, 3)
    return Take(
        times=np.cumsum(rng.uniform(0.01, 0.03, samples)),
        channels=(
            Channel("jawOpen"),
            Channel("headYaw", "angle", sign=-1.0),
            Channel("x ü", "point"),
        ),
        values=rng.normal(size=shape).astype(np.float32),
        valid=rng.random(shape) > 0.2,
        timebase=Timebase(Fraction(30000, 1001), "01:02:03:04.500", 3723.15),
        source=TakeSource("täke.csv", "live_link_face_csv", {"rows": 5, "slate": "A"}),
        confidence=rng.random(shape).astype(np.float32) if confidence else None,
        not_recorded=("headPitch",),
        assumptions=("Angles are radians.",),
        warnings=("Something.",),
        history=("trimmed",),
    )


def assert_equal(found: Take, take: Take) -> None:
    assert found.times.tobytes() == take.times.tobytes()
    assert (found.valid == take.valid).all()
    assert found.values[take.valid].tobytes() == take.values[take.valid].tobytes()
    assert not found.values[~take.valid].any()
    for name in (
        "channels",
        "timebase",
        "source",
        "not_recorded",
        "assumptions",
        "warnings",
        "history",
    ):
        assert getattr(found, name) == getattr(take, name), name
    if take.confidence is None:
        assert found.confidence is None
    else:
        assert found.confidence is not None
        assert found.confidence.tobytes() == take.confidence.tobytes()


@pytest.mark.parametrize("confidence", [True, False])
def test_round_trip(tmp_path: Path, *, confidence: bool):
    take = some_take(confidence=confidence)
    path = tmp_path / "a.take.npz"
    write_take_file(take, path)
    found = read_take(path)
    assert_equal(found, take)
    assert not found.values.flags.writeable
    # written again it is the same file, and any name will do
    again = tmp_path / "renamed.bin"
    write_take_file(found, again)
    assert again.read_bytes() == path.read_bytes()


def test_bytes_do_not_change_over_platforms_and_versions():
    times = np.arange(3) / 60
    take = Take(
        times=times,
        channels=(Channel("jawOpen"),),
        values=np.array([[0.25], [0.5], [0.75]], np.float32),
        valid=np.array([[True], [False], [True]]),
        timebase=Timebase(Fraction(60)),
        source=TakeSource("a.csv", "arrays"),
    )
    digest = hashlib.sha256(take_bytes(take)).hexdigest()
    assert digest == "b30756fc13ae0c88048ac68a321f24dba4b746902fa6e270a16f4ca98c0b51c8"


@settings(max_examples=50, deadline=None)
@given(
    hnp.arrays(
        np.float32,
        st.tuples(st.integers(1, 6), st.just(3)),
        elements=st.floats(width=32, allow_nan=False, allow_infinity=False),
    ),
    st.data(),
)
def test_what_lies_under_invalid_samples_does_not_matter(values: np.ndarray, data: st.DataObject):
    valid = data.draw(hnp.arrays(np.bool_, values.shape))
    junk = data.draw(hnp.arrays(np.float32, values.shape, elements=st.floats(-1, 1, width=32)))
    take = some_take(len(values), confidence=False)
    one = take.changed("x", values=values, valid=valid)
    other = take.changed("x", values=np.where(valid, values, junk), valid=valid)
    assert take_bytes(one) == take_bytes(other)


def test_numpy_reads_it_too(tmp_path: Path):
    take = some_take()
    write_take_file(take, tmp_path / "a.take.npz")
    with np.load(tmp_path / "a.take.npz", allow_pickle=False) as arrays:
        assert (arrays["times"] == take.times).all()
        assert arrays["values"].dtype == np.float32
        assert set(arrays.files) == {"times", "values", "valid", "confidence", "meta"}


def test_truncated_anywhere(tmp_path: Path):
    data = take_bytes(some_take())
    path = tmp_path / "a.take.npz"
    for kept in range(0, len(data) - 1, 37):
        path.write_bytes(data[:kept])
        with pytest.raises(FacemocapError):
            read_take(path)


def test_flipped_bits_give_an_error_or_the_same_take(tmp_path: Path):
    take = some_take()
    data = take_bytes(take)
    path = tmp_path / "a.take.npz"
    rng = random.Random(0)
    flips = [(rng.randrange(len(data)), rng.randrange(8)) for _ in range(600)]
    refused = 0
    for place, bit in flips:
        damaged = bytearray(data)
        damaged[place] ^= 1 << bit
        path.write_bytes(damaged)
        try:
            found = read_take(path)
        except FacemocapError:
            refused += 1
        else:
            # a bit of the archive's bookkeeping that nothing depends on
            assert_equal(found, take)
    assert refused > 400


def test_damaged_headers_of_arrays(tmp_path: Path):
    # numpy parses an array's header as Python, and in large members before the checksum is known
    take = some_take(2000)
    data = take_bytes(take)
    path = tmp_path / "a.take.npz"
    brackets = [place for place in range(60, 170) if data[place] in b"(){}'"]
    assert len(brackets) > 8
    for place in brackets:
        for letter in b"(\"' \0#\x03":
            path.write_bytes(data[:place] + bytes([letter]) + data[place + 1 :])
            if letter != data[place]:
                with pytest.raises(FacemocapError):
                    read_take(path)


def test_newer_schema_asks_for_an_update(tmp_path: Path):
    # same length, so that only the checksums have to be made anew: write through the module itself
    import facemocap_addon.core.take_file as module

    before = module.SCHEMA
    path = tmp_path / "a.take.npz"
    try:
        module.SCHEMA = before + 1
        write_take_file(some_take(), path)
    finally:
        module.SCHEMA = before
    with pytest.raises(FacemocapError, match="newer Face Mocap"):
        read_take(path)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["JMTechArt_MySlate_3_iPhone.csv", "alexdjulin_alex_rom_3.csv"])
def test_real_takes_convert_and_come_back(shared: Path, tmp_path: Path, name: str):
    take = read_take(shared / "takes" / "livelinkface" / name)
    path = tmp_path / "a.take.npz"
    write_take_file(take, path)
    found = read_take(path)
    assert found.digest == take.digest
    assert_equal(found, take)
