# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of steps that are kept, so that a change re-runs only what follows it."""

from __future__ import annotations

import hashlib
import json
import weakref
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from ..take import Take
from ..take_file import take_meta
from .report import StepReport

#: A minute of 61 channels at 60 fps takes a megabyte for each step.
LIMIT_BYTES = 256 * 1024 * 1024
#: Takes whose keys are remembered.
_MOST_TAKES = 64


@dataclass(frozen=True, slots=True)
class Kept:
    """The take after a step, and what is said of it (its number is the run's to give)."""

    take: Take
    report: StepReport


class StackCache:
    """Least recently used results, bounded in bytes.

    Keys say all that a result depends on: the take, the steps up to there and the seed. Takes
    cannot be changed, so a result is handed out as it is.

    Parameters
    ----------
    limit_bytes : int
        Most bytes of arrays that are kept; a result that is larger alone is not kept.
    """

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self.hits = 0
        self.misses = 0
        self._kept: OrderedDict[str, tuple[int, Kept]] = OrderedDict()
        self._bytes = 0
        self._takes: OrderedDict[int, tuple[weakref.ref[Take], str]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def used_bytes(self) -> int:
        """Bytes of arrays that are kept."""
        return self._bytes

    def get(self, key: str) -> Kept | None:
        """The result of that key, which becomes the most recently used."""
        found = self._kept.get(key)
        if found is None:
            self.misses += 1
            return None
        self.hits += 1
        self._kept.move_to_end(key)
        return found[1]

    def put(self, key: str, kept: Kept) -> None:
        """Keep a result; what was not used for longest goes where there is no room."""
        size = _size(kept.take)
        old = self._kept.pop(key, None)
        self._bytes -= old[0] if old else 0
        if size > self.limit_bytes:
            return
        self._kept[key] = (size, kept)
        self._bytes += size
        while self._bytes > self.limit_bytes:
            _, (gone, _) = self._kept.popitem(last=False)
            self._bytes -= gone

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()
        self._bytes = 0

    def take_key(self, take: Take) -> str:
        """`take_key`, remembered as long as the take is alive."""
        known = self._takes.get(id(take))
        if known is not None and known[0]() is take:
            return known[1]
        key = take_key(take)
        self._takes[id(take)] = (weakref.ref(take), key)
        while len(self._takes) > _MOST_TAKES:
            self._takes.popitem(last=False)
        return key


def take_key(take: Take) -> str:
    """Hex digest of all of a take: of its samples, confidence, channels, rate and source."""
    h = hashlib.sha256(take.digest.encode())
    # its digest leaves out what invalid samples hold; so do results
    meta: dict[str, Any] = take_meta(take)
    h.update(json.dumps(meta, sort_keys=True, default=str).encode())
    if take.confidence is not None:
        h.update(take.confidence.tobytes())
    return h.hexdigest()


def _size(take: Take) -> int:
    arrays = (take.times, take.values, take.valid, take.confidence)
    return sum(array.nbytes for array in arrays if array is not None)
