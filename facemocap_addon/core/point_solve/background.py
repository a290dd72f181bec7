# SPDX-License-Identifier: GPL-3.0-or-later
"""Long arithmetic beside a job, so that a window stays alive and Esc is heard within it.

Blender's data may only be touched by the thread that drives the job: work in the background asks
it for that.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from ..progress import Job, Progress

T = TypeVar("T")
#: Seconds after which a job tells its progress again, and after which a question looks whether the
#: job is still there.
PACE_S, ASKED_S = 0.1, 0.5


class AbandonedError(Exception):
    """The job was closed while its work was under way."""


class Desk:
    """What work in the background tells its job, and asks it to do in its place."""

    def __init__(self) -> None:
        self._progress = Progress(0.0, "")
        self._open = True
        self._errands: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()

    @property
    def progress(self) -> Progress:
        """What was told last."""
        return self._progress

    def tell(self, done: float, what: str) -> None:
        """Say how far the work is.

        Raises
        ------
        AbandonedError
            When nobody waits for it any longer.
        """
        self._check()
        self._progress = Progress(done, what)

    def ask(self, errand: Callable[[], T]) -> T:
        """Let the thread that drives the job do something; what it gives or raises.

        Raises
        ------
        AbandonedError
            When nobody waits for it any longer.
        """
        answer: Future[T] = Future()
        self._errands.put((answer, errand))
        while True:
            self._check()
            try:
                return answer.result(ASKED_S)
            except TimeoutError:
                if answer.done():
                    raise

    def serve(self) -> None:
        """Do one errand, if one comes within the pace."""
        try:
            given = self._errands.get(timeout=PACE_S)
        except Empty:
            return
        if given is None:
            return
        answer, errand = given
        try:
            answer.set_result(errand())
        except Exception as problem:  # noqa: BLE001 - it is raised where the question was asked
            answer.set_exception(problem)

    def close(self) -> None:
        """Nobody waits any longer."""
        self._open = False

    def wake(self, _done: object) -> None:
        """Let `serve` return at once."""
        self._errands.put(None)

    def _check(self) -> None:
        if not self._open:
            raise AbandonedError


def in_background(work: Callable[[Desk], T]) -> Job[T]:
    """Work beside the job, which tells its progress several times a second.

    When the job is closed the work ends the next time that it tells or asks something.
    """
    desk = Desk()
    pool = ThreadPoolExecutor(1)
    end = pool.submit(work, desk)
    pool.shutdown(wait=False)
    end.add_done_callback(desk.wake)
    try:
        while not end.done():
            desk.serve()
            yield desk.progress
        return end.result()
    finally:
        desk.close()
