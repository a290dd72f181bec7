# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo's report: one HTML page that carries its pictures and plots with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from facemocap_addon.core.inspection import inspect_take
from facemocap_addon.core.pages import (
    Content,
    Markup,
    element,
    facts,
    figure,
    join,
    page,
    paragraph,
    picture,
    section,
    table,
)
from facemocap_addon.core.plots import Line, Panel, plot_panels
from facemocap_addon.core.take import Take

from .outcome import Proof, RigOutcome

#: What each of the sample characters is there to show.
_PURPOSE = {
    "arkit_head": "Fifty-two shape keys with ARKit names on head, teeth, tongue, brows and lashes. "
    "Each channel goes to the key of its name on every mesh that has it.",
    "bone_face": "No shape keys: lids, jaw, lips, cheeks, brows and eyes are bones. "
    "Channels become rotations and movements of bones, found by their names and places.",
    "facs_controls": "Custom properties with the names of FACS action units drive the shape keys. "
    "The properties are keyed, the driven shape keys are not.",
    "toon": "Fourteen shapes in the manner of VRM, none of them from ARKit. "
    "Its vowels are fitted together, and what the character cannot show is listed.",
}
_KINDS = {"shape_key": "shape keys", "property": "custom properties", "bone": "bone channels"}

_STYLE = """
.strip { display: grid; grid-template-columns: repeat(8, 1fr); gap: .35rem; margin: 1.2rem 0; }
.strip figure { margin: 0; break-inside: avoid; }
.strip figcaption { font: .72rem/1.35 var(--label); margin-top: .3rem; color: var(--quiet); }
.strip b { font-weight: 500; color: var(--ink); display: block; }
@media (max-width: 50rem) { .strip { grid-template-columns: repeat(4, 1fr); } }
@media print { section.rig { break-inside: avoid; } }
"""


def write_report(
    take: Take,
    outcomes: Sequence[RigOutcome],
    pictures: Mapping[str, bytes],
    sheet: bytes,
    seconds: float,
) -> str:
    """The page. ``pictures`` are JPEGs by the outcomes' names of stills, ``sheet`` is one as well.

    Nothing in it depends on the machine or the day but what stands in elements of class timing.
    """
    facts_of_take = inspect_take(take)
    return page(
        f"{take.label} on {len(outcomes)} characters",
        element("h1", f"One performance, {_count(len(outcomes))}"),
        paragraph(_lead(take), class_="lead"),
        _facts(facts_of_take),
        figure(
            picture(sheet, "image/jpeg", "Contact sheet: characters in rows, moments in columns"),
            "The same frames on every character. The moments are picked by the program.",
        ),
        section("What it took", _summary(outcomes)),
        section("The take", *_curves(take, facts_of_take["gaps"], outcomes[0])),
        *(_rig_section(outcome, pictures) for outcome in outcomes),
        element(
            "footer",
            "Made by ",
            element("code", "python dev.py demo"),
            f" with Blender {outcomes[0].blender} in ",
            _timing(f"{seconds:.0f} s"),
            ".",
        ),
        extra_style=_STYLE,
    )


def _lead(take: Take) -> Content:
    if take.label == "sample_take":
        return (
            "The sample take was written by a script, not recorded: twenty-two seconds of a "
            "speaking face with known blinks, lip contacts, glances and two lost stretches. "
            "Every picture and number below comes from the files saved beside this page."
        )
    return (
        f"The take {take.source.name} on the sample characters. Every picture and number below "
        "comes from the files saved beside this page."
    )


def _facts(taken: dict[str, Any]) -> Markup:
    gaps, channels = taken["gaps"], taken["channels"]
    recorded = sum(channel["max"] is not None for channel in channels)
    length = f"{taken['duration_s']:.2f} s, {taken['samples']:,} samples"
    lost = ", ".join(f"{gap['start_s']:.2f} to {gap['end_s']:.2f} s" for gap in gaps[:6])
    return facts(
        [
            ("Take", taken["source"]["name"]),
            ("Length", f"{length} at {taken['rate_hz']:.2f} Hz"),
            ("Channels", f"{recorded} of {len(channels)} recorded"),
            ("Not recorded", ", ".join(taken["not_recorded"])),
            ("Gaps", lost + (f" and {len(gaps) - 6} more" if len(gaps) > 6 else "")),
            ("Notes", " ".join(taken["warnings"])),
        ]
    )


def _summary(outcomes: Sequence[RigOutcome]) -> Markup:
    rows: list[list[Content]] = []
    for each in outcomes:
        total = len(each.channels_matched) + len(each.channels_unmatched)
        proof = each.proof
        rows.append(
            [
                each.rig,
                f"{len(each.channels_matched)} of {total}",
                f"{each.controls}",
                f"{each.keys:,}",
                _timing(f"{each.seconds['match'] + each.seconds['key']:.2f} s"),
                _timing(f"{sum(each.seconds.values()):.1f} s"),
                _power(proof.largest_difference) if proof else "",
            ]
        )
    header = (
        *("Character", "Channels used", "Controls", "Keys", "Matched and keyed in"),
        *("With file and stills", "Largest error"),
    )
    return join(
        [
            table(header, rows, numbers=range(1, 7)),
            paragraph(
                "The largest error is the greatest difference, over all frames, between an F-curve "
                "as Blender evaluates it and the value that the take asks for; each character’s "
                "section shows the curve. Radians where the control is a bone.",
                class_="note",
            ),
        ]
    )


def _curves(
    take: Take, gaps: Sequence[dict[str, float]], outcome: RigOutcome
) -> tuple[Markup, ...]:
    seconds = take.times - take.times[0]

    def line(label: str, *channels: str, scale: float = 1.0) -> Line | None:
        """The first channel, less the second where there is one."""
        if not all(take.has(name) for name in channels):
            return None
        columns = [take.column(name) for name in channels]
        values = take.values[:, columns[0]].astype(np.float64)
        for column in columns[1:]:
            values = values - take.values[:, column]
        return Line(label, seconds, values * scale, np.all(take.valid[:, columns], axis=1))

    degrees = 180 / np.pi
    wanted = (
        ("Blink", "", ("left", "eyeBlinkLeft"), ("right", "eyeBlinkRight")),
        ("Jaw", "", ("jaw open", "jawOpen"), ("lips kept closed", "mouthClose")),
        ("Smile", "", ("left", "mouthSmileLeft"), ("right", "mouthSmileRight")),
        ("Brows", "", ("inner up", "browInnerUp"), ("down", "browDownLeft")),
    )
    panels: list[Panel] = []
    for title, unit, *pairs in wanted:
        lines = tuple(found for label, name in pairs if (found := line(label, name)) is not None)
        if lines:
            panels.append(Panel(title, lines, unit, (0.0, 1.0)))
    gaze = (
        line("to the left", "eyeLookOutLeft", "eyeLookInLeft"),
        line("up", "eyeLookUpLeft", "eyeLookDownLeft"),
    )
    if all(gaze):
        panels.append(Panel("Gaze of the left eye", tuple(found for found in gaze if found)))
    head = [
        line(label, name, scale=degrees)
        for label, name in (("yaw", "headYaw"), ("pitch", "headPitch"), ("roll", "headRoll"))
    ]
    if found := tuple(each for each in head if each is not None):
        panels.append(Panel("Head", found, "degrees"))
    if not panels:
        return ()
    spans = [(gap["start_s"] - take.times[0], gap["end_s"] - take.times[0]) for gap in gaps]
    plot = plot_panels(
        panels,
        (0.0, max(take.duration_s, 1e-3)),
        gaps_s=spans,
        marks=[(when, name) for _, name, when in outcome.moments],
        summary="Blink, jaw, smile, brows, gaze and head of the take over time",
    )
    missing = "" if take.has("headYaw") else " Head rotation was not recorded."
    return (
        figure(
            Markup(plot),
            "The take as it was read, over seconds. Shaded: nothing was recorded, and the "
            "characters go straight from the last value before to the first value after. Dotted: "
            f"the moments of the contact sheet.{missing}",
        ),
    )


def _rig_section(outcome: RigOutcome, pictures: Mapping[str, bytes]) -> Markup:
    strip = element(
        "div",
        *(
            element(
                "figure",
                picture(pictures[still], "image/jpeg", f"{outcome.rig}: {name}"),
                element("figcaption", element("b", name), f"frame {frame}"),
            )
            for still, (frame, name, _) in zip(outcome.stills, outcome.moments, strict=True)
        ),
        class_="strip",
    )
    first, last = outcome.frame_range
    kinds = ", ".join(f"{count} {_KINDS[kind]}" for kind, count in outcome.kinds.items())
    laps = outcome.seconds
    pairs: list[tuple[Content, Content]] = [
        ("Keyed", f"{kinds}; {outcome.keys:,} keys on {outcome.curves} F-curves"),
        ("Channels without partner", ", ".join(outcome.channels_unmatched) or "none"),
        ("Controls at rest", ", ".join(outcome.controls_unmatched) or "none"),
        ("Frames", f"{first} to {last} at {outcome.fps:.6g} fps"),
        (
            "Seconds",
            _timing(
                f"open {laps['open']:.2f}, match {laps['match']:.2f}, key {laps['key']:.2f}, "
                f"save {laps['save']:.2f}, render {laps['render']:.1f}"
            ),
        ),
        ("File", join([outcome.blend, ", ", _timing(f"{outcome.blend_bytes / 1e6:.1f} MB")])),
        ("Notes", " ".join(outcome.notes)),
    ]
    proof = _proof(outcome.proof) if outcome.proof else Markup("")
    return element(
        "section",
        element("h2", outcome.rig),
        paragraph(_PURPOSE.get(outcome.rig, "")),
        strip,
        facts(pairs),
        proof,
        class_="rig",
    )


def _proof(proof: Proof) -> Markup:
    """The F-curve's values on whole frames over the curve that the take asks for."""
    samples, frames = np.array(proof.sample_times), np.array(proof.frame_times)
    wanted, keyed = np.array(proof.sample_values), np.array(proof.frame_values)
    start, end = _liveliest(samples, wanted, 4.0)
    window = (samples >= start) & (samples <= end)
    inside = (frames >= start) & (frames <= end)
    known = np.array(proof.sample_known)
    plot = plot_panels(
        [
            Panel(
                proof.control,
                (
                    Line("the take", samples[window], wanted[window] * proof.scale, known[window]),
                    Line("the F-curve", frames[inside], keyed[inside] * proof.scale, dots=True),
                ),
                proof.unit,
                height=110.0,
            )
        ],
        (start, end),
        gaps_s=[
            (gap_start, gap_end)
            for gap_start, gap_end in _gaps_of(samples, known)
            if gap_end > start and gap_start < end
        ],
        summary=f"{proof.control} as the take asks for it and as it was keyed",
    )
    whole = start == 0.0 and end >= samples[-1]
    error = f"{_power(proof.largest_difference)}{' radians' if proof.unit else ''}"
    caption = join(
        [
            "The line is ",
            element("em", proof.formula),
            " from the take’s samples, the dots are what Blender evaluates on whole frames. ",
            f"Largest difference{'' if whole else ' over the whole take'}: {error}.",
        ]
    )
    return figure(Markup(plot), caption)


def _liveliest(times: np.ndarray, values: np.ndarray, length_s: float) -> tuple[float, float]:
    """The stretch of whole seconds in which the curve travels furthest."""
    end = float(times[-1])
    if end <= length_s:
        return 0.0, max(end, 1e-3)
    travel = np.concatenate(([0.0], np.cumsum(np.abs(np.diff(values)))))
    starts = np.arange(0.0, end - length_s, 1.0)
    gained = np.interp(starts + length_s, times, travel) - np.interp(starts, times, travel)
    start = float(starts[int(np.argmax(gained))])
    return start, start + length_s


def _gaps_of(times: np.ndarray, known: np.ndarray) -> list[tuple[float, float]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], (~known).astype(np.int8), [0]))))
    return [
        (float(times[first]), float(times[min(end, len(times) - 1)]))
        for first, end in edges.reshape(-1, 2)
    ]


def _timing(text: str) -> Markup:
    return element("span", text, class_="timing")


def _power(value: float) -> str:
    """A small number as people write it: 1.2 × 10⁻⁷."""
    if value == 0.0:
        return "0"
    mantissa, exponent = f"{value:.1e}".split("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{mantissa} × 10{raised}"


def _count(number: int) -> str:
    words = {1: "one character", 2: "two characters", 3: "three characters", 4: "four characters"}
    return words.get(number, f"{number} characters")
