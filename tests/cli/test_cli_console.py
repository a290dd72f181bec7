# SPDX-License-Identifier: GPL-3.0-or-later
"""Streams, progress bars and JSON."""

from __future__ import annotations

import io
import json
import os
import pty
import signal
from pathlib import Path

import numpy as np
import pytest

from facemocap_addon.cli.interruption import Interruption
from facemocap_addon.cli.output import Console, write_json
from facemocap_addon.cli.progress_bar import ProgressBar
from facemocap_addon.core.progress import Progress


@pytest.mark.parametrize("as_json", [False, True])
def test_foreign_lines_never_reach_standard_output(
    capfd: pytest.CaptureFixture[str], as_json: bool
):
    with Console(as_json=as_json, verbose=False, interruption=Interruption()) as console:
        os.write(1, b"Read blend: foreign\n")
        os.write(2, b"Error in PyDriver\n")
        console.say("for people")
        console.answer({"for": "programs"})
    os.write(1, b"after\n")
    out, err = capfd.readouterr()
    if as_json:
        assert json.loads(out.removesuffix("after\n")) == {"for": "programs"}
        assert err == "Read blend: foreign\nError in PyDriver\n"
    else:
        assert out == "for people\nafter\n"
        assert err == ""


def test_verbose_shows_foreign_lines_on_standard_error(capfd: pytest.CaptureFixture[str]):
    with Console(as_json=False, verbose=True, interruption=Interruption()):
        os.write(1, b"Read blend: foreign\n")
    assert capfd.readouterr() == ("", "Read blend: foreign\n")


def test_foreign_lines_are_shown_with_a_traceback(capfd: pytest.CaptureFixture[str]):
    with Console(as_json=False, verbose=False, interruption=Interruption()) as console:
        os.write(1, b"Read blend: foreign\n")
        console.report_bug(RuntimeError("the sky fell"))
        os.write(1, b"later\n")
    err = capfd.readouterr().err
    assert err.startswith("Read blend: foreign\n")
    assert "RuntimeError: the sky fell" in err
    assert "later" not in err


def test_the_bar_is_drawn_on_a_terminal_and_cleared(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TERM", "xterm")
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as terminal:
        bar = ProgressBar(terminal)
        bar.show(Progress(0.5, "opening head.blend"))
        drawn = os.read(master, 1000).decode()
        assert "[##########..........]" in drawn
        assert " 50 %  opening head.blend" in drawn
        assert "\n" not in drawn
        bar.clear()
        assert os.read(master, 1000).decode() == "\r\x1b[K"
        bar.show(Progress(0.5, "x" * 500))
        # a line broken by the terminal could not be drawn over
        assert len(os.read(master, 1000).decode().strip("\r").removesuffix("\x1b[K")) < 80
    os.close(master)


def test_there_is_no_bar_in_a_pipe():
    stream = io.StringIO()
    bar = ProgressBar(stream)
    bar.show(Progress(0.5, "opening"))
    bar.clear()
    assert stream.getvalue() == ""


def test_json_is_plain_whatever_is_in_it():
    text = write_json(
        {
            "nan": float("nan"),
            "array": np.array([[1.5, np.inf]]),
            "count": np.int64(3),
            "path": Path("a") / "ü",
            "undecodable": "\udcff",
            "set": frozenset({1}),
        }
    )
    assert text.isascii()
    assert json.loads(text) == {
        "nan": None,
        "array": [[1.5, None]],
        "count": 3,
        "path": str(Path("a") / "ü"),
        "undecodable": "\udcff",
        "set": [1],
    }


def test_ctrl_c_comes_once_and_is_not_lost_in_an_operator():
    interruption = Interruption()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with interruption:
            interruption.check()
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)  # ignored: cleaning up goes on
            with pytest.raises(KeyboardInterrupt):
                interruption.check()
        assert interruption.number == signal.SIGINT
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_background_job_keeps_ignoring_ctrl_c():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interruption():
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
