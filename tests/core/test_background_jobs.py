# SPDX-License-Identifier: GPL-3.0-or-later
"""Work beside a job: asked of the thread that drives it, told, given up."""

from __future__ import annotations

import threading
import time

import pytest

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.point_solve.background import AbandonedError, Desk, in_background
from facemocap_addon.core.progress import Progress, run_job


def test_errands_are_done_by_the_thread_that_drives_the_job():
    threads: list[int] = []

    def work(desk: Desk) -> tuple[int, int]:
        desk.tell(0.5, "half")
        asked = desk.ask(threading.get_ident)
        threads.append(threading.get_ident())
        return asked, desk.ask(lambda: 6 * 7)

    told: list[Progress] = []
    asked, answer = run_job(in_background(work), told.append)
    assert asked == threading.get_ident() != threads[0]
    assert answer == 42
    assert Progress(0.5, "half") in told


def test_a_job_tells_its_progress_while_the_work_goes_on():
    over = threading.Event()

    def work(_desk: Desk) -> str:
        return "done" if over.wait(20.0) else "never"

    told: list[Progress] = []

    def show(progress: Progress) -> None:
        told.append(progress)
        if len(told) == 3:
            over.set()

    assert run_job(in_background(work), show) == "done"


def test_what_goes_wrong_is_raised_on_both_sides():
    def failing() -> None:
        raise FacemocapError("The rig is gone", "Open it again")

    def refused(_desk: Desk) -> None:
        failing()

    heard: list[str] = []

    def work(desk: Desk) -> str:
        try:
            desk.ask(failing)
        except FacemocapError as problem:
            heard.append(problem.what)
        return "went on"

    with pytest.raises(FacemocapError, match="The rig is gone"):
        run_job(in_background(refused))
    assert run_job(in_background(work)) == "went on"
    assert heard == ["The rig is gone"]


@pytest.mark.parametrize("way", ["tell", "ask"])
def test_work_ends_when_its_job_is_given_up(way: str):
    ended, started = threading.Event(), threading.Event()

    def work(desk: Desk) -> None:
        started.set()
        try:
            while True:
                desk.tell(0.1, "on and on") if way == "tell" else desk.ask(lambda: None)
                time.sleep(0.01)
        except AbandonedError:
            ended.set()
            raise

    job = in_background(work)
    next(job)
    assert started.wait(20.0)
    assert not ended.is_set()
    job.close()
    assert ended.wait(20.0)
