# SPDX-License-Identifier: GPL-3.0-or-later
r"""Example pairs: this captured frame is this pose that I made. A library for actor and character.

.. code-block:: json

    {"schema": 1, "actor": "Anna", "character": "arkit_head", "neutral": {"browDownLeft": 0.05},
     "examples": [{"name": "smirk", "take": "anna_12", "time_s": 3.2,
                   "channels": {"mouthSmileLeft": 0.7, "jawOpen": 0.1},
                   "pose": [{"control": {"kind": "shape_key", "owner": "head", "path":
                             "key_blocks[\"mouthSmileLeft\"].value", "index": 0}, "value": 1.0},
                            {"channel": "jawOpen", "value": 0.05}]}]}

A pose holds control values of the character, or channel values, or both. What it leaves out is
left to the rig map and the other examples. `example_solving.fit_examples` makes a mapping of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import numpy as np

from ..controls import BONE, KINDS, ControlKey
from ..errors import FacemocapError
from ..json_documents import read_document, write_document
from ..take import Take
from ..take_sampling import sample_channels

SCHEMA = 1
#: A control of the character, or the name of a channel.
PoseKey = ControlKey | str


@dataclass(frozen=True)
class Example:
    """One captured frame and the pose that belongs to it.

    Attributes
    ----------
    name : str
        Unique in its library.
    channels : mapping of str to float
        The captured values, in the units of the take.
    pose : mapping of ControlKey or str to float
        Values of controls or of channels.
    take : str
        Label of the take that the frame is from.
    time_s : float or None
        Seconds from that take's start.
    """

    name: str
    channels: Mapping[str, float]
    pose: Mapping[PoseKey, float]
    take: str = ""
    time_s: float | None = None

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("an example needs a name")
        if not self.channels or not self.pose:
            raise ValueError("an example needs channels and a pose")
        if not all(math.isfinite(v) for v in (*self.channels.values(), *self.pose.values())):
            raise ValueError("values of an example must be finite numbers")
        object.__setattr__(self, "channels", MappingProxyType(dict(self.channels)))
        object.__setattr__(self, "pose", MappingProxyType(dict(self.pose)))

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "name": self.name,
            "take": self.take,
            "time_s": self.time_s,
            "channels": dict(self.channels),
            "pose": [{**_key_to_json(key), "value": value} for key, value in self.pose.items()],
        }


@dataclass(frozen=True)
class ExampleLibrary:
    """The example pairs of one actor and one character.

    Attributes
    ----------
    actor, character : str
    examples : tuple of Example
    neutral : mapping of str to float
        The actor's neutral face; channels that it leaves out are 0, as in calibrated takes.
    """

    actor: str
    character: str
    examples: tuple[Example, ...] = ()
    neutral: Mapping[str, float] = field(default_factory=dict[str, float])

    def __post_init__(self) -> None:
        names = [example.name for example in self.examples]
        if len(set(names)) != len(names):
            raise ValueError("two examples have one name")
        if not all(math.isfinite(value) for value in self.neutral.values()):
            raise ValueError("neutral must hold finite numbers")
        object.__setattr__(self, "neutral", MappingProxyType(dict(self.neutral)))

    def added(self, example: Example) -> ExampleLibrary:
        """The library with one more example.

        Raises
        ------
        FacemocapError
            When there is one of that name.
        """
        if any(each.name == example.name for each in self.examples):
            raise FacemocapError(
                f'There is an example "{example.name}" already',
                "Choose another name, or replace that one",
            )
        return replace(self, examples=(*self.examples, example))

    def removed(self, name: str) -> ExampleLibrary:
        """The library without an example; FacemocapError when there is none of that name."""
        place = self._place(name)
        return replace(self, examples=self.examples[:place] + self.examples[place + 1 :])

    def replaced(self, name: str, example: Example) -> ExampleLibrary:
        """The library with ``example`` in the place of another; it may have a new name.

        Raises
        ------
        FacemocapError
            When there is none of that name, or a third one has the new name.
        """
        place = self._place(name)
        if example.name != name and any(each.name == example.name for each in self.examples):
            raise FacemocapError(
                f'There is an example "{example.name}" already', "Choose another name"
            )
        before, after = self.examples[:place], self.examples[place + 1 :]
        return replace(self, examples=(*before, example, *after))

    def check_belongs(self, actor: str, character: str) -> None:
        """Raise FacemocapError unless the library is that of this actor and character."""
        if (self.actor, self.character) != (actor, character):
            raise FacemocapError(
                f'The examples are those of "{self.actor}" on "{self.character}", not of '
                f'"{actor}" on "{character}"',
                "Choose the library of this actor and character, or make one",
            )

    def to_json(self) -> dict[str, Any]:
        """Plain values in the order a person reads them."""
        return {
            "schema": SCHEMA,
            "actor": self.actor,
            "character": self.character,
            "neutral": dict(self.neutral),
            "examples": [example.to_json() for example in self.examples],
        }

    def _place(self, name: str) -> int:
        for place, each in enumerate(self.examples):
            if each.name == name:
                return place
        raise FacemocapError(
            f'There is no example "{name}"',
            "Choose one of " + (", ".join(each.name for each in self.examples) or "none yet"),
        )


def example_from_take(
    take: Take, time_s: float, pose: Mapping[PoseKey, float], name: str
) -> Example:
    """The example of a take's frame.

    Parameters
    ----------
    take : Take
        Calibrated as all takes are that the example is used for.
    time_s : float
        Seconds from the take's start; between two samples the value is between theirs.
    pose : mapping of ControlKey or str to float
    name : str

    Raises
    ------
    FacemocapError
        When the time is not in the take, or nothing was recorded there.
    """
    since = take.times - take.times[0]
    if not 0.0 <= time_s <= since[-1]:
        raise FacemocapError(
            f"The frame at {time_s:g} s is not in the take (0 to {since[-1]:.3f} s)",
            "Choose a time within the take",
        )
    nearest = int(np.argmin(np.abs(since - time_s)))
    if not take.valid[nearest].any():
        raise FacemocapError(
            f"No face was recorded at {time_s:g} s", "Choose a frame with the face in view"
        )
    if not pose:
        raise FacemocapError(f'The pose of "{name}" is empty', "Choose the controls that it sets")
    names = take.recorded
    values = sample_channels(take, names, np.array([take.times[0] + time_s]))[0]
    channels = dict(zip(names, map(float, values), strict=True))
    return Example(name, channels, pose, take.label, float(time_s))


def example_library_from_json(data: Any, name: str) -> ExampleLibrary:
    """The library of a JSON document; ``name`` is for messages.

    Raises
    ------
    FacemocapError
        Naming the example that is wrong, or when the schema is newer than the program's.
    """
    if not isinstance(data, dict) or "examples" not in data or "schema" not in data:
        raise FacemocapError(f'"{name}" is no library of example pairs', "Choose another file")
    document = cast(dict[str, Any], data)
    if document["schema"] != SCHEMA:
        raise FacemocapError(
            f'"{name}" has example schema {document["schema"]}, this Face Mocap reads {SCHEMA}',
            "Update Face Mocap, or make the examples again",
        )
    examples: list[Example] = []
    whole = False
    try:
        for item in document["examples"]:
            examples.append(_example_from_json(item))  # noqa: PERF401
        whole = True
        return ExampleLibrary(
            actor=str(document.get("actor", "")),
            character=str(document.get("character", "")),
            examples=tuple(examples),
            neutral={str(k): float(v) for k, v in document.get("neutral", {}).items()},
        )
    except KeyError as problem:
        raise _damaged(
            name, 0 if whole else len(examples) + 1, f"{problem.args[0]} is missing"
        ) from problem
    except (TypeError, ValueError, AttributeError, OverflowError) as problem:
        raise _damaged(name, 0 if whole else len(examples) + 1, str(problem)) from problem


def read_example_library(path: Path) -> ExampleLibrary:
    """Read a library's file; errors as `example_library_from_json`."""
    return example_library_from_json(read_document(path, "make the examples again"), path.name)


def write_example_library(library: ExampleLibrary, path: Path) -> None:
    """Write a library's file, whole or not at all."""
    write_document(library.to_json(), path)


def _key_to_json(key: PoseKey) -> dict[str, Any]:
    return {"channel": key} if isinstance(key, str) else {"control": asdict(key)}


def _key_from_json(item: Any) -> PoseKey:
    if "channel" in item:
        return str(item["channel"])
    control = item["control"]
    if control["kind"] not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {control['kind']!r}")
    index = int(control.get("index", 0))
    if index not in (range(3) if control["kind"] == BONE else range(1)):
        raise ValueError(f"index must be 0 to 2 for bones and 0 for others, not {index}")
    return ControlKey(str(control["kind"]), str(control["owner"]), str(control["path"]), index)


def _example_from_json(item: Any) -> Example:
    pose = {_key_from_json(entry): float(entry["value"]) for entry in item["pose"]}
    if len(pose) != len(item["pose"]):
        raise ValueError("a control or channel occurs twice in the pose")
    time_s = item.get("time_s")
    return Example(
        name=str(item["name"]),
        channels={str(k): float(v) for k, v in item["channels"].items()},
        pose=pose,
        take=str(item.get("take", "")),
        time_s=None if time_s is None else float(time_s),
    )


def _damaged(name: str, number: int, problem: str) -> FacemocapError:
    where = f"Example {number} of" if number else "The library"
    return FacemocapError(f'{where} "{name}" is wrong: {problem}', "Mend it")
