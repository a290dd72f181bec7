# SPDX-License-Identifier: GPL-3.0-or-later
"""Ctrl-C and a polite kill: stop at once, leave no half file."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Turns the first SIGINT or SIGTERM into one KeyboardInterrupt while the block runs.

    Blender's operators turn an exception inside them into an error of their own: `check` raises
    again what was lost there. Further signals are ignored, so that cleaning up is not cut short.
    """

    def __init__(self) -> None:
        #: Number of the signal that came; 0 while none has.
        self.number = 0
        self._before: dict[signal.Signals, Any] = {}

    def check(self) -> None:
        """Raise KeyboardInterrupt when a signal has come."""
        if self.number:
            raise KeyboardInterrupt

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                # a job in a shell's background has SIGINT ignored, and keeps it so
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._stop)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            # None: it was not set from Python and cannot be put back from here
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        del frame
        if not self.number:
            self.number = number
            raise KeyboardInterrupt
