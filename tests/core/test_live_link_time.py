# SPDX-License-Identifier: GPL-3.0-or-later
"""Times of Live Link Face rows, against exact arithmetic and the habits of other writers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.formats.live_link_time import RowTimes, read_row_times
from facemocap_addon.core.sampling import usual_step, with_gaps


def timecode(seconds: Fraction, base: int) -> str:
    thousandths = round(seconds * base * 1000) % (86400 * base * 1000)
    frames, part = divmod(thousandths, 1000)
    whole, frame = divmod(frames, base)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}:{frame:02d}.{part:03d}"


def read(codes: list[str], **notes: float) -> RowTimes:
    return read_row_times(np.array(codes, "S"), np.arange(2, len(codes) + 2), "take.csv", **notes)


def clock(rate: Fraction, rows: int, base: int, start: Fraction = Fraction(3600)) -> list[str]:
    return [timecode(start + row / rate, base) for row in range(rows)]


@pytest.mark.parametrize(
    ("rate", "base", "nominal"),
    [
        (Fraction(59904, 1000), 60, 60),
        (Fraction(59964, 1000), 60, 60),
        (Fraction(2998, 100), 60, 30),
        (Fraction(30), 30, 30),
        (Fraction(24), 30, 24),
    ],
)
def test_times_are_the_clock_s(rate: Fraction, base: int, nominal: int):
    found = read(clock(rate, 3000, base))
    exact = np.array([float(row / rate) for row in range(3000)])
    # the format's own rounding, twice
    assert np.abs(found.times - exact).max() <= 1 / (base * 1000)
    assert found.times[0] == 0
    assert found.rate == nominal
    assert found.start_s == 3600
    assert found.start_timecode == "01:00:00:00.000"
    assert 1 / found.step_s == pytest.approx(float(rate), rel=2e-5)
    assert found.warnings == ()
    _times, exists, gaps = with_gaps(found.times, found.step_s)
    assert exists.all()
    assert gaps == 0


def test_subframe_wrap_is_no_drop():
    found = read(["00:00:01:30.998", "00:00:01:31.999", "00:00:01:33.001", "00:00:01:34.002"])
    steps = np.diff(found.times) * 60
    assert steps == pytest.approx([1.001, 1.002, 1.001], abs=1e-9)
    assert with_gaps(found.times, found.step_s)[2] == 0


def test_midnight():
    start = Fraction(86399)
    found = read(clock(Fraction(60), 300, 60, start))
    assert found.times == pytest.approx(np.arange(300) / 60, abs=2e-5)
    assert found.start_s == 86399
    assert found.warnings == ()


def test_dropped_rows_become_samples_that_do_not_exist():
    rate = Fraction(59904, 1000)
    codes = clock(rate, 600, 60)
    gone = {100, 101, 102, 300}
    found = read([code for row, code in enumerate(codes) if row not in gone])
    times, exists, gaps = with_gaps(found.times, found.step_s)
    assert np.flatnonzero(~exists).tolist() == sorted(gone)
    assert gaps == 2
    assert times == pytest.approx([float(row / rate) for row in range(600)], abs=2e-5)
    assert (times[exists] == found.times).all()


def test_a_very_long_gap_gets_one_sample_at_each_end():
    times = np.concatenate([np.arange(100) / 60, 5000 + np.arange(100) / 60])
    filled, exists, gaps = with_gaps(times, 1 / 60)
    assert gaps == 1
    assert filled[~exists] == pytest.approx([100 / 60, 5000 - 1 / 60])
    assert (np.diff(filled) > 0).all()


def test_seconds_field_restart_lands_on_frame_00_and_rows_are_counted():
    # frames counted anew each second, the second itself half a step late
    codes = [f"00:00:{row // 30:02d}:{row % 30:02d}.000" for row in range(90)]
    codes[30] = "00:00:00:00.000"
    found = read(codes)
    assert found.times == pytest.approx(np.arange(90) / 30)
    assert "start again" in found.warnings[0]
    assert found.start_s == 0.0


def test_two_rows_with_frame_00_are_counted():
    codes = [f"00:00:{row // 30:02d}:{row % 30:02d}.000" for row in range(90)]
    codes[31] = codes[30]
    found = read(codes)
    assert found.times == pytest.approx(np.arange(90) / 30)
    assert found.rate == 30
    assert "same timecode" in found.warnings[0]


def test_milliseconds_in_the_subframe_slot_are_counted():
    codes = []
    for row in range(120):
        millisecond = round(row * 1000 / 30)
        second = millisecond // 1000
        codes.append(f"00:00:{second:02d}:{row % 30:02d}.{millisecond % 1000:03d}")
    found = read(codes)
    assert "unevenly" in found.warnings[0]
    assert found.times == pytest.approx(np.arange(120) / 30)


@pytest.mark.parametrize("codes", [["00:00:00:00.000"] * 5, [""] * 5])
def test_no_time_at_all_is_counted(codes: list[str]):
    found = read(codes, target_hz=24.0)
    assert found.times == pytest.approx(np.arange(5) / 24)
    assert len(found.warnings) == 1


@pytest.mark.parametrize("change", ["swap", "reverse", "shuffle", "earlier"])
def test_jumbled_rows_are_an_error_that_names_the_line(change: str):
    codes = clock(Fraction(60), 200, 60, Fraction(1234567, 1000))
    if change == "swap":
        codes[70], codes[71] = codes[71], codes[70]
    elif change == "reverse":
        codes.reverse()
    elif change == "shuffle":
        np.random.default_rng(0).shuffle(codes)
    else:
        codes[120] = "00:00:10:17.000"
    with pytest.raises(FacemocapError, match=r"not in the order of time: line \d+"):
        read(codes)


@pytest.mark.parametrize("bad", ["hello", "00:00:01", "12.5", "00:00:00:00.0000000", "-1:00:00:00"])
def test_a_timecode_that_cannot_be_read_names_its_line(bad: str):
    codes = clock(Fraction(60), 20, 60)
    codes[4] = bad
    with pytest.raises(FacemocapError, match="line 6"):
        read(codes)


def test_other_spellings_of_a_timecode():
    dots = read(["1:2:3:4.500", "01:02:03:05.50", "1:2:3:06.5", "01:02:03;07,500"])
    assert dots.times == pytest.approx(np.arange(4) / 30)
    plain = read(["01:02:03:04", "01:02:03:05", "01:02:03:06"])
    assert plain.start_s == pytest.approx(3723 + 4 / 30)


def test_a_25_fps_writer_is_recognised_by_its_even_steps():
    found = read([f"00:00:{row // 25:02d}:{row % 25:02d}.000" for row in range(100)])
    assert found.times == pytest.approx(np.arange(100) / 25)
    assert "25" in found.assumptions[0]


def test_a_short_take_takes_its_base_from_the_notes():
    codes = clock(Fraction(60), 20, 60)
    assert read(codes).times[-1] == pytest.approx(19 / 30)
    assert read(codes, target_hz=60.0).times[-1] == pytest.approx(19 / 60)
    assert read(codes, duration_s=19 / 60).times[-1] == pytest.approx(19 / 60)
    assert read(codes, target_hz=60.0, duration_s=19 / 30).times[-1] == pytest.approx(19 / 30)


def test_notes_that_miss_the_rate_do_not_change_the_clock():
    found = read(clock(Fraction(2998, 100), 200, 60), target_hz=60.0)
    assert found.times[-1] == pytest.approx(199 / 29.98, abs=2e-5)
    assert found.rate == 30


def test_usual_step_is_finer_than_the_median():
    times = np.round(np.arange(1000) / 59.904 * 60000) / 60000
    assert 1 / usual_step(times) == pytest.approx(59.904, abs=1e-3)
    assert 1 / np.median(np.diff(times)) != pytest.approx(59.904, abs=1e-2)
