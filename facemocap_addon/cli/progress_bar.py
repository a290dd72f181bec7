# SPDX-License-Identifier: GPL-3.0-or-later
"""One line on a terminal that says how far the work is; nothing at all in a pipe."""

from __future__ import annotations

import os
from typing import TextIO

from ..core.progress import Progress

_BAR_CELLS = 20
_USUAL_COLUMNS = 80


class ProgressBar:
    """Draws `Progress` over itself on a terminal's current line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown = False
        self._on_terminal = stream.isatty() and os.environ.get("TERM") != "dumb"

    def show(self, progress: Progress) -> None:
        """Draw how far the work is."""
        if not self._on_terminal:
            return
        done = min(max(progress.done, 0.0), 1.0)
        filled = round(done * _BAR_CELLS)
        bar = "#" * filled + "." * (_BAR_CELLS - filled)
        line = f"[{bar}] {done * 100:3.0f} %  {progress.what}"
        # one column stays free: some terminals break the line when the last one is filled
        self._stream.write("\r" + line[: max(self._columns() - 1, 0)] + "\x1b[K")
        self._stream.flush()
        self._shown = True

    def clear(self) -> None:
        """Take the bar off the line, so that text can be printed there."""
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._shown = False

    def _columns(self) -> int:
        try:
            # a terminal that does not know its width says 0
            return os.get_terminal_size(self._stream.fileno()).columns or _USUAL_COLUMNS
        except (OSError, ValueError):
            return _USUAL_COLUMNS
