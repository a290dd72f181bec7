# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of coefficients: anybody's, Audio2Face's, and those that imitate Live Link Face."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from live_link_rows import HEADER, join, make_rows

from devtools.made_recordings import NAMES, short, table_text, values
from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.take import Take

TABLE = values(40)
ROWS = TABLE.tolist()
TIMES = [row / 60 for row in range(40)]


def check(take: Take, table: np.ndarray = TABLE) -> None:
    found = take.values[:, [take.column(name) for name in NAMES]]
    assert found.tobytes() == table.astype(np.float32).tobytes()


@pytest.mark.parametrize(
    "names",
    [
        list(NAMES),
        [short(name) for name in NAMES],
        [name[0].upper() + name[1:] for name in NAMES],
        [f"head_blendShapes_{name}" for name in NAMES],
        list(reversed(NAMES)),
    ],
)
@pytest.mark.parametrize(("mark", "decimal"), [(",", "."), (";", ","), ("\t", "."), (";", ".")])
def test_spellings_and_separators(
    names: list[str], mark: str, decimal: str, load: Callable[[bytes], Take]
):
    rows = TABLE[:, ::-1].tolist() if names[0] == NAMES[-1] else ROWS
    cells = [[t, *row] for t, row in zip(TIMES, rows, strict=True)]
    text = table_text(["timestamp", *names], cells, mark).decode().replace(".", decimal)
    take = load(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert take.source.format == "arkit_csv"
    assert take.times == pytest.approx(TIMES, abs=1e-9)
    check(take)


@pytest.mark.parametrize(
    ("header", "clock", "rate", "word"),
    [
        ("time", lambda k: k / 60, 60, "seconds"),
        ("timestamp_ms", lambda k: round(k * 1000 / 60), 60, "milliseconds"),
        ("timestamp", lambda k: 1_700_000_000_000 + 40 * k, 25, "milliseconds"),
        ("timecode", lambda k: 0.5 + k / 30, 30, "seconds"),
        ("frame", lambda k: 7 + k, 60, "counts frames"),
        ("Time", lambda k: f"00:01:{k / 24:06.3f}", 24, "seconds"),
    ],
)
def test_clocks(header: str, clock: Any, rate: float, word: str, load: Callable[[bytes], Take]):
    take = load(table_text([header, *NAMES], [[clock(k), *row] for k, row in enumerate(ROWS)]))
    assert take.times == pytest.approx(np.arange(40) / rate, abs=0.001)
    assert any(word in text for text in (*take.assumptions, *take.warnings))
    check(take)


def test_no_clock_at_all(load: Callable[[bytes], Take]):
    take = load(table_text(list(NAMES), ROWS))
    assert take.times == pytest.approx(TIMES)
    assert any("no times" in warning and "check the length" in warning for warning in take.warnings)


def test_the_best_clock_is_taken(load: Callable[[bytes], Take]):
    """Frame numbers beside a time, and a time that stands still."""
    rows = [[k, 0.0, k / 50, *row] for k, row in enumerate(ROWS)]
    take = load(table_text(["frame", "time", "timestamp", *NAMES], rows))
    assert take.times == pytest.approx(np.arange(40) / 50)


def test_missing_cells_words_and_extras(load: Callable[[bytes], Take]):
    rows: list[list[Any]] = [[t, *row, "calm", 0.5] for t, row in zip(TIMES, ROWS, strict=True)]
    jaw = NAMES.index("jawOpen") + 1
    for row, word in enumerate(("NA", "", "nan", "oops", "1e999")):
        rows[row][jaw] = word
    take = load(table_text(["time", *NAMES, "mood", "Excitement"], rows))
    column = take.column("jawOpen")
    assert np.flatnonzero(~take.valid[:, column]).tolist() == [0, 1, 2, 3, 4]
    assert take.valid[:, column - 1].all()
    assert any('1 cell holds no number (first in line 5: "oops")' in w for w in take.warnings)
    assert 'The column "mood" holds no numbers and was left out.' in take.warnings
    assert (take.values[:, take.column("Excitement")] == 0.5).all()


def test_several_faces_and_lost_rows(load: Callable[[bytes], Take]):
    rows = []
    for k, row in enumerate(ROWS):
        rows.append([k, 3, "False" if k == 5 else "True", *row])
        if k % 3 == 0:
            rows.append([k, 4, "True", *[0.5] * 52])
    take = load(table_text(["frame", "face_id", "success", *NAMES], rows))
    assert any("2 faces; the one in most rows is read (3)" in w for w in take.warnings)
    assert take.samples == 40
    assert np.flatnonzero(~take.valid.any(axis=1)).tolist() == [5]


def test_lost_rows_are_gaps(load: Callable[[bytes], Take]):
    rows = [[t, *row] for t, row in zip(TIMES, ROWS, strict=True)]
    del rows[20:25]
    take = load(table_text(["time", *NAMES], rows))
    assert take.samples == 40
    assert np.flatnonzero(~take.valid.any(axis=1)).tolist() == list(range(20, 25))


def test_audio2face(load: Callable[[bytes], Take]):
    names = [f"blendShapes.{name[0].upper()}{name[1:]}" for name in NAMES]
    header = ["", "timeCode", *names, "HeadRoll", "HeadPitch", "HeadYaw"]
    rows = [[k, k / 30, *row, 0.0, 0.0, 0.0] for k, row in enumerate(ROWS)]
    take = load(table_text(header, rows))
    assert take.source.format == "audio2face_csv"
    assert take.times == pytest.approx(np.arange(40) / 30)
    assert take.channels[take.column("jawOpen")].original == "blendShapes.JawOpen"
    assert set(take.not_recorded) == {"headYaw", "headPitch", "headRoll"}
    check(take)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (table_text(["time", *NAMES], []), "has a header and no rows"),
        (table_text(["time", *NAMES], [[0, *ROWS[0]]]), "has only one sample"),
        (
            table_text(["time", *NAMES], [[k, *row[:40]] for k, row in enumerate(ROWS)]),
            "has 41 cells in line 2 where its header has 53",
        ),
        (
            table_text(["time", *NAMES], [[9 - k, *row] for k, row in enumerate(ROWS[:9])]),
            "not in the order of time: line 3 ",
        ),
        (
            table_text(["time", *NAMES], [[0.1 * k, *["x"] * 52] for k in range(9)]),
            "has no face in any",
        ),
        (
            table_text(["time", *NAMES], [[k, *row] for k, row in enumerate(ROWS)])[:-200],
            "is cut off in line 41: 39 rows are complete",
        ),
        (table_text(['"time', *NAMES], ROWS), "has a damaged cell"),
    ],
)
def test_refusals(data: bytes, says: str, load: Callable[[bytes], Take]):
    with pytest.raises(FacemocapError, match=says):
        load(data)


# --- Live Link Face's imitators ------------------------------------------------------------------


@pytest.mark.parametrize("rate", [24, 25, 30, 50, 60])
@pytest.mark.parametrize("late", [False, True])
def test_milliseconds_in_the_subframe_slot_are_a_clock(
    rate: int, late: bool, load: Callable[[bytes], Take]
):
    """Frame numbers made of the milliseconds; ``late`` ones stay at 00 for two rows a second."""
    rows = make_rows(rate * 3)
    for k, row in enumerate(rows):
        second, frame = divmod(k, rate)
        millisecond = round(frame * 1000 / rate)
        shown = max(frame - 1, 0) if late else frame
        row[0] = f"00:00:{second:02d}:{shown:02d}.{millisecond:03d}"
        row[1] = "51"
    take = load(join([HEADER, *rows]))
    assert take.source.format == "live_link_face_csv"
    assert take.times == pytest.approx(np.arange(rate * 3) / rate, abs=0.0006)
    assert take.timebase.rate == rate
    assert any("milliseconds of the second" in note for note in take.assumptions)
    assert not any("counted" in warning for warning in take.warnings)
    assert take.valid.any(axis=1).all()


def test_the_app_s_own_subframes_are_no_milliseconds(load: Callable[[bytes], Take]):
    take = load(join([HEADER, *make_rows(300)]))
    assert not any("milliseconds" in note for note in take.assumptions)
    # a phone whose clock began in the middle of a frame
    rows = make_rows(300)
    for row in rows:
        row[0] = row[0][:-3] + "500"
    take = load(join([HEADER, *rows]))
    assert not any("milliseconds" in note for note in take.assumptions)
    assert take.times == pytest.approx(np.arange(300) / 60)
    # subframes that run up as those of 59.9 Hz do
    for k, row in enumerate(rows):
        row[0] = f"{row[0][:-3]}{(k * 2) % 1000:03d}"
    take = load(join([HEADER, *rows]))
    assert not any("milliseconds" in note for note in take.assumptions)


def test_emotion_columns_and_a_wrong_count_are_no_harm(load: Callable[[bytes], Take]):
    rows = [[row[0], "68", *row[2:], *["0.25"] * 7] for row in make_rows(30)]
    rows[4][HEADER.index("JawOpen")] = "-0.0"
    rows[5][HEADER.index("JawOpen")] = "1.7"
    moods = ["Angry", "Disgusted", "Fearful", "Happy", "Neutral", "Sad", "Surprised"]
    take = load(join([[*HEADER, *moods], *rows]))
    assert take.names[-7:] == tuple(moods)
    assert take.values[5, take.column("jawOpen")] == np.float32(1.7)
    assert np.signbit(take.values[4, take.column("jawOpen")])
    assert take.valid.any(axis=1).all()
