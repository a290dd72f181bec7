# SPDX-License-Identifier: GPL-3.0-or-later
"""Naming habits of characters: what drives each of their shapes, as data files.

One JSON file a convention in ``data/conventions`` (docs/conventions.md lists them and explains the
fields). A convention reads names in its own spellings, with figure and mesh prefixes left out.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

from ..channels import arkit_schema, squeeze
from ..errors import FacemocapError
from ..resources import DATA
from .rig_map import Source

SCHEMA = 1
KINDS = ("one_to_one", "composite", "signed")
STATUSES = ("verified", "judgement")
#: What a rig does about lips that are together while the jaw is open: it has a shape for that; its
#: opening is jawOpen less mouthClose; both; or its shape takes mouthClose as a part of jawOpen.
MOUTH_CLOSE = ("shape", "subtracted", "split", "quotient")
REQUIRED = (
    "name", "label", "kind", "status", "source", "mouth_close", "fingerprint", "targets",
    "not_driven", "not_covered", "notes",
)  # fmt: skip
OPTIONAL = ("exclusive", "aliases", "signed", "offsets", "fits")
#: Names of one mesh that must share a prefix before it is left out.
PREFIX_SHARED = 3
#: Bytes (Shift-JIS) to which MikuMikuDance cuts names.
CUT_BYTES = 15

Weights = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class FitRule:
    """Targets that are fitted together, and what each looks like in ARKit shapes."""

    channels: tuple[str, ...]
    looks: Mapping[str, Weights]
    sum_at_most_one: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Convention:
    """A naming habit.

    Attributes
    ----------
    name, label : str
        File name, and what a person calls it.
    kind : str
        ``one_to_one`` (most channels have a shape of their own), ``composite`` (few shapes, each a
        mix of channels) or ``signed`` (controls with a negative side).
    status : str
        ``verified`` (names and weights seen in a public source) or ``judgement``.
    mouth_close : str
        See `MOUTH_CLOSE`.
    fingerprint : tuple of str
        Targets of which half, and at least two, must be there.
    exclusive : tuple of (str, tuple of str)
        Either the first target or all of the second: where all of the second are there the first
        stays at rest, else those that are there do.
    targets : mapping of str to tuple of Source
    signed : mapping of str to (float, float)
        Limits of targets that have a negative side.
    offsets : mapping of str to float
        Values of targets at rest, where not nought.
    fits : tuple of FitRule
    not_driven : mapping of str to str
        Known targets that stay at rest, and why.
    not_covered : mapping of str to str
        ARKit channels that reach nothing, and why.
    spellings : mapping of str to str
        Plain spelling to target, driven or not.
    """

    name: str
    label: str
    kind: str
    status: str
    mouth_close: str
    fingerprint: tuple[str, ...]
    exclusive: tuple[tuple[str, tuple[str, ...]], ...]
    targets: Mapping[str, tuple[Source, ...]]
    signed: Mapping[str, tuple[float, float]]
    offsets: Mapping[str, float]
    fits: tuple[FitRule, ...]
    not_driven: Mapping[str, str]
    not_covered: Mapping[str, str]
    spellings: Mapping[str, str] = field(repr=False)

    def recognise(self, names: Iterable[str]) -> dict[str, tuple[str, bool]]:
        """Which of one mesh's names are targets.

        Returns
        -------
        dict
            Name to (target, whether a prefix was left out). Targets that stay at rest are among
            them. A prefix is left out where `PREFIX_SHARED` names have it.
        """
        found: dict[str, tuple[str, bool]] = {}
        shortened: dict[str, list[tuple[str, str]]] = {}
        for name in names:
            if (target := self.spellings.get(plain(name))) is not None:
                found[name] = (target, False)
            elif readings := [
                (prefix, self.spellings[rest])
                for prefix, rest in prefixes(name)
                if rest in self.spellings
            ]:
                shortened[name] = readings
        shared = Counter(prefix for readings in shortened.values() for prefix, _ in readings)
        for name, readings in shortened.items():
            kept = [target for prefix, target in readings if shared[prefix] >= PREFIX_SHARED]
            if kept:
                found[name] = (kept[0], True)
        return found

    def active(self, present: Iterable[str]) -> list[str]:
        """Driven targets among ``present``, less those that another one excludes."""
        left = {name for name in present if name in self.targets}
        for loser, winners in self.exclusive:
            if loser in left:
                left -= {loser} if left.issuperset(winners) else set(winners)
        return [name for name in self.targets if name in left]


@cache
def conventions() -> tuple[Convention, ...]:
    """The conventions under ``data/conventions``, in the order of their names."""
    return tuple(
        convention_from_json(json.loads(path.read_text(encoding="utf-8")), path.stem)
        for path in sorted((DATA / "conventions").glob("*.json"))
    )


def convention_from_json(document: Mapping[str, Any], name: str) -> Convention:
    """The convention of a JSON document; ``name`` is the file's, without its ending.

    Raises
    ------
    FacemocapError
        Naming the first thing that does not keep to the schema.
    """
    _check(document, name)
    over = "jawOpen" if document["mouth_close"] == "quotient" else ""
    targets = {
        target: tuple(
            Source(channel, float(gain), over if channel == "mouthClose" else "")
            for channel, gain in weights.items()
        )
        for target, weights in document["targets"].items()
    }
    known = (*targets, *document["not_driven"])
    return Convention(
        name=document["name"],
        label=document["label"],
        kind=document["kind"],
        status=document["status"],
        mouth_close=document["mouth_close"],
        fingerprint=tuple(document["fingerprint"]),
        exclusive=tuple((loser, tuple(by)) for loser, by in document.get("exclusive", ())),
        targets=targets,
        signed={
            target: (float(low), float(high))
            for target, (low, high) in document.get("signed", {}).items()
        },
        offsets={target: float(value) for target, value in document.get("offsets", {}).items()},
        fits=tuple(
            FitRule(
                tuple(fit["channels"]), dict(fit["looks"]), tuple(fit.get("sum_at_most_one", ()))
            )
            for fit in document.get("fits", ())
        ),
        not_driven=dict(document["not_driven"]),
        not_covered=dict(document["not_covered"]),
        spellings=_spellings(known, document.get("aliases", {})),
    )


def plain(name: str) -> str:
    """A name as conventions compare it.

    Letters and digits, no leading zeros of a number; signs only where there is nothing else (the
    mouth morph ``∧``).
    """
    text = re.sub(r"\d+", lambda number: str(int(number[0])), squeeze(name))
    return text or unicodedata.normalize("NFKC", name).strip()


def prefixes(name: str) -> list[tuple[str, str]]:
    """(prefix, plain rest) of a name at each of its separators, the shortest prefix first."""
    return [
        (name[: found.start()], plain(name[found.end() :]))
        for found in re.finditer(r"[.:|_\s]+", name)
        if found.start() and found.end() < len(name)
    ]


def _spellings(known: tuple[str, ...], aliases: Mapping[str, list[str]]) -> dict[str, str]:
    whole = {plain(target): target for target in known}
    for target, others in aliases.items():
        for other in others:
            whole.setdefault(plain(other), target)
    cut: dict[str, set[str]] = {}
    for target in known:
        data = target.encode("cp932", "replace")
        if len(data) > CUT_BYTES:
            cut.setdefault(plain(data[:CUT_BYTES].decode("cp932", "ignore")), set()).add(target)
    short = {text: targets.pop() for text, targets in cut.items() if len(targets) == 1}
    return short | whole


def _check(document: Mapping[str, Any], name: str) -> None:
    """Raise for the first thing that does not keep to the schema."""

    def need(holds: bool, problem: str) -> None:
        if not holds:
            raise FacemocapError(f'The convention "{name}" is wrong: {problem}', "Mend the file")

    need(document.get("schema") == SCHEMA, f"its schema must be {SCHEMA}")
    for key in REQUIRED:
        need(key in document, f"{key} is missing")
    for key in document:
        need(key in ("schema", *REQUIRED, *OPTIONAL), f"{key} is no field")
    need(document["name"] == name, "name must be the file's name")
    for key, allowed in (("kind", KINDS), ("status", STATUSES), ("mouth_close", MOUTH_CLOSE)):
        need(document[key] in allowed, f"{key} must be one of {', '.join(allowed)}")
    for key in ("label", "source", "notes"):
        need(isinstance(document[key], str), f"{key} must be text")
    need(_is_object(document["targets"]), "targets must be an object")
    targets: dict[str, Any] = document["targets"]
    for target, weights in targets.items():
        _check_weights(need, target, weights)
        need(target not in document["not_driven"], f"{target} is both driven and not")
    _check_names(need, document)
    for number, fit in enumerate(document.get("fits", ()), 1):
        _check_fit(need, number, fit, targets)


def _is_object(value: object) -> bool:
    return isinstance(value, dict) and bool(cast(dict[str, Any], value))


def _check_weights(need: Callable[[bool, str], None], target: str, weights: Any) -> None:
    need(_is_object(weights), f"{target} needs at least one channel")
    for channel, gain in weights.items():
        need(channel in arkit_schema(), f"{target} has the unknown channel {channel}")
        need(isinstance(gain, int | float) and gain != 0, f"{target} has a gain that is no number")


def _check_names(need: Callable[[bool, str], None], document: Mapping[str, Any]) -> None:
    targets = document["targets"]
    known = {*targets, *document["not_driven"]}
    need(bool(document["fingerprint"]), "fingerprint is empty")
    for target in document["fingerprint"]:
        need(target in targets, f"{target} of the fingerprint is no target")
    for loser, winners in document.get("exclusive", ()):
        for target in (loser, *winners):
            need(target in targets, f"{target} of exclusive is no target")
    for key in ("signed", "offsets"):
        for target in document.get(key, {}):
            need(target in targets, f"{target} of {key} is no target")
    for target in document.get("aliases", {}):
        need(target in known, f"{target} of aliases is no target")
    for key in ("not_driven", "not_covered"):
        for entry, why in document[key].items():
            need(isinstance(why, str) and bool(why), f"{entry} of {key} needs a reason")


def _check_fit(
    need: Callable[[bool, str], None], number: int, fit: Mapping[str, Any], targets: Weights
) -> None:
    for channel in fit["channels"]:
        need(channel in arkit_schema(), f"fit {number} has the unknown channel {channel}")
    for target, look in fit["looks"].items():
        need(target in targets, f"{target} of fit {number} is no target")
        _check_weights(need, target, look)
        for channel in look:
            need(channel in fit["channels"], f"{target} of fit {number} needs {channel}")
    for target in fit.get("sum_at_most_one", ()):
        need(target in fit["looks"], f"{target} of fit {number} has no look")
