# SPDX-License-Identifier: GPL-3.0-or-later
"""Stacks as people keep them: steps in order, each with its influence, mask and parameters.

.. code-block:: json

    {"schema": 1, "steps": [
      {"kind": "denoise", "enabled": true, "influence": 1.0,
       "mask": {"regions": [], "frames": []}, "params": {}}]}

``influence`` is a number from 0 to 1, or keys ``[[seconds, value], ...]`` from the take's first
sample on, linear between and held beyond. ``mask.regions`` are regions of channels, none meaning
all; ``mask.frames`` stretches ``[first, last]`` in frames of the take's own rate, the first sample
being frame 0, none meaning all; ``mask.soft`` frames of shoulder around them. Parameters that are
not named have their defaults.
"""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn, TypeAlias

from ..errors import FacemocapError
from .kinds import kind_of
from .params import param_values, params_from_json, params_to_json
from .regions import REGIONS

SCHEMA = 1

#: A number from 0 to 1, or keys (seconds from the take's first sample, value).
Influence: TypeAlias = float | tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Mask:
    """Where a step acts.

    Attributes
    ----------
    regions : tuple of str
        Some of `REGIONS`; none for all.
    frames : tuple of (int, int)
        First and last frame of stretches, frames of the take's own rate from its first sample on;
        none for all.
    soft : float or None
        Frames in which the mask fades out around its stretches; None for a tenth of a second.
    """

    regions: tuple[str, ...] = ()
    frames: tuple[tuple[int, int], ...] = ()
    soft: float | None = None

    def __post_init__(self) -> None:
        for region in self.regions:
            if region not in REGIONS:
                refuse(f'There is no region "{region}"', f"Use {', '.join(REGIONS)}")
        for first, last in self.frames:
            if first > last:
                refuse(
                    f"The mask's frames {first} to {last} run backwards",
                    "Give the first frame of a stretch first",
                )
        if self.soft is not None and not 0.0 <= self.soft < math.inf:
            refuse(
                f"The mask's soft cannot be {self.soft:g}", "Give it a number of frames, 0 or more"
            )

    @property
    def is_full(self) -> bool:
        """Whether the step acts everywhere."""
        return not self.regions and not self.frames

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        soft = {} if self.soft is None else {"soft": self.soft}
        return {"regions": list(self.regions), "frames": [list(f) for f in self.frames], **soft}


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes
    ----------
    kind : str
        Name of its `Kind`.
    params : object
        An instance of the kind's dataclass; None becomes its defaults.
    enabled : bool
    influence : float or tuple of (float, float)
    mask : Mask
    stated : tuple of str
        Parameters that the file names although they have their defaults; they are written again.
    """

    kind: str
    params: Any = None
    enabled: bool = True
    influence: Influence = 1.0
    mask: Mask = Mask()
    stated: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        kind = kind_of(self.kind)
        object.__setattr__(self, "influence", _checked_influence(self.influence))
        if self.params is None:
            object.__setattr__(self, "params", kind.params())
        elif not isinstance(self.params, kind.params):
            raise TypeError(f"params of {self.kind} must be a {kind.params}, not {self.params!r}")
        if kind.new_times and not (self.influence == 1.0 and self.mask.is_full):
            refuse(
                f"{kind.label} changes the times of the samples: it acts on all or nothing",
                "Leave its influence at 1 and its mask empty",
            )

    @cached_property
    def kind_key(self) -> str:
        """Kind and parameters as text: what its kind makes of a take depends on nothing else."""
        return json.dumps([self.kind, params_to_json(self.params)], sort_keys=True)

    @cached_property
    def key(self) -> str:
        """All that its result depends on, as text: equal keys, equal results."""
        return json.dumps([self.kind_key, self.influence, self.mask.to_json()], sort_keys=True)

    @property
    def is_whole(self) -> bool:
        """Whether the take becomes what its kind makes of it, everywhere."""
        return self.influence == 1.0 and self.mask.is_full

    @property
    def acts(self) -> bool:
        """Whether it is switched on and has any influence."""
        if isinstance(self.influence, tuple):
            return self.enabled and any(value > 0.0 for _, value in self.influence)
        return self.enabled and self.influence > 0.0

    def to_json(self) -> dict[str, Any]:
        """Plain values in the order a person reads them."""
        influence = self.influence
        changed = param_values(self.params, changed=True)
        names = (*self.stated, *(name for name in changed if name not in self.stated))
        return {
            "kind": self.kind,
            "enabled": self.enabled,
            "influence": [list(key) for key in influence]
            if isinstance(influence, tuple)
            else influence,
            "mask": self.mask.to_json(),
            "params": params_to_json(self.params, names),
        }


@dataclass(frozen=True)
class Stack:
    """Steps in the order in which they are done."""

    steps: tuple[Step, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values; `reading.stack_from_json` gives an equal stack back."""
        return {"schema": SCHEMA, "steps": [step.to_json() for step in self.steps]}

    @property
    def text(self) -> str:
        """The JSON document on one line, to be kept somewhere; equal stacks, equal text."""
        return json.dumps(self.to_json(), ensure_ascii=False, allow_nan=False)


def make_step(
    kind: str,
    *,
    enabled: bool = True,
    influence: Influence = 1.0,
    mask: Mask | None = None,
    **params: Any,
) -> Step:
    """A step from plain values, for scripts: ``make_step("dead_zone", width=0.03)``.

    Raises
    ------
    FacemocapError
        As `reading.stack_from_json`.
    """
    values = params_from_json(kind_of(kind).params, params)
    return Step(kind, values, enabled, influence, mask or Mask())


def of_step(problem: FacemocapError, number: int, kind: str = "") -> FacemocapError:
    """An error that says which step it is about."""
    about = f"Step {number}" + (f" ({kind})" if kind else "")
    return FacemocapError(f"{about}: {problem.what}", problem.todo)


def _checked_influence(influence: Influence) -> Influence:
    """As floats; lists, which scripts give, as tuples."""
    keyed = isinstance(influence, (tuple, list))
    keys = influence if keyed else ((0.0, influence),)
    if not keys:
        refuse("influence has no keys", "Give a number from 0 to 1, or one key or more")
    keys = tuple((float(time), float(value)) for time, value in keys)
    for time, value in keys:
        if not 0.0 <= value <= 1.0:
            refuse(f"influence cannot be {value:g}", "Give it a number from 0 to 1")
        if not math.isfinite(time):
            refuse(f"influence has a key at {time:g} s", "Give its keys finite times")
    if any(after[0] <= before[0] for before, after in itertools.pairwise(keys)):
        refuse("The keys of influence are not in the order of time", "Sort them by their seconds")
    return keys if keyed else keys[0][1]


def refuse(what: str, todo: str) -> NoReturn:
    """Raise the error; what the checks of stacks end with."""
    raise FacemocapError(what, todo)
