# SPDX-License-Identifier: GPL-3.0-or-later
"""One damaged recording: read or refused, soon and in bounded memory, or what went wrong."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from facemocap_addon.core.errors import FacemocapError
from facemocap_addon.core.readers import read_take
from facemocap_addon.core.take import Take

LIMIT_S = 5.0
LIMIT_BYTES = 1 << 30  # beyond what the process holds at the start of a case


class Seed(NamedTuple):
    """A sound recording to damage."""

    name: str
    data: bytes
    format: str


class Finding(NamedTuple):
    """A case in which a reader neither read nor refused as it should."""

    format: str
    seed: str
    mutations: list[str]
    reason: str
    data: bytes

    @property
    def kind(self) -> str:
        """The reason without what differs from case to case: exception and place."""
        error, _, rest = self.reason.partition(": ")
        return error + rest.rpartition("(")[2]


class Tally(NamedTuple):
    """What happened to the cases of one reader."""

    seeds: int
    read: int
    refused: int
    slowest_s: float


class Overtime(BaseException):
    """A case took too long; not an Exception, so that no reader can swallow it."""


def run_case(path: Path, data: bytes, read: Callable[[Path], Take] = read_take) -> str:
    """Return "read", "refused", or what a reader did wrong with these bytes."""
    path.write_bytes(data)
    began = time.perf_counter()
    try:
        with _limited_time(LIMIT_S), _limited_memory(LIMIT_BYTES):
            take = read(path)
    except FacemocapError as error:
        return _check_refusal(error)
    except Overtime:
        return f"took longer than {LIMIT_S:g} s"
    except MemoryError:
        return f"wanted more than {LIMIT_BYTES >> 20} MB"
    except Exception as error:  # noqa: BLE001 - any other exception is what is looked for
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno})"
    finally:
        path.unlink()
    if time.perf_counter() - began > LIMIT_S:
        return f"took longer than {LIMIT_S:g} s"
    return _check_take(take)


def _check_refusal(error: FacemocapError) -> str:
    if not error.what.strip() or not error.todo.strip() or "\n" in str(error):
        return f"refuses without one clear sentence: {error!r}"
    return "refused"


def _check_take(take: Take) -> str:
    if len(take.times) == 0:
        return "gives a take without samples"
    if not (np.isfinite(take.times).all() and np.isfinite(take.values).all()):
        return "gives a take with numbers that are not finite"
    if (np.diff(take.times) <= 0).any():
        return "gives a take in which time does not advance"
    if not take.valid.any():
        return "gives a take in which nothing was recorded"
    return "read"


@contextlib.contextmanager
def _limited_time(limit_s: float) -> Iterator[None]:
    """Interrupt what takes too long; where there is no alarm, the caller's clock must do."""
    alarm = getattr(signal, "SIGALRM", None)
    if alarm is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: object) -> None:
        raise Overtime

    before = signal.signal(alarm, stop)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(alarm, before)


@contextlib.contextmanager
def _limited_memory(limit_bytes: int) -> Iterator[None]:
    """Let the process grow by so much and no more, where the system can (Linux)."""
    statm = Path("/proc/self/statm")
    if not statm.exists():
        yield
        return
    import resource

    pages = int(statm.read_text(encoding="ascii").split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    allowed = pages * resource.getpagesize() + limit_bytes
    if hard != resource.RLIM_INFINITY:
        allowed = min(allowed, hard)
    resource.setrlimit(resource.RLIMIT_AS, (allowed, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
