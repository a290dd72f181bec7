# SPDX-License-Identifier: GPL-3.0-or-later
"""Health as JSON, as a table and as a page; odd takes; what a character gets of a take."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from health_takes import busy_face, clock, take_of
from stack_takes import face_take, odd_takes, rough_take

from facemocap_addon.core.channels import Channel
from facemocap_addon.core.controls import ControlKey
from facemocap_addon.core.health.examine import Health, examine
from facemocap_addon.core.health.report_page import to_html, verdict
from facemocap_addon.core.health.table import to_csv
from facemocap_addon.core.health.wording import Finding, at, counted, named, share
from facemocap_addon.core.rig_maps.rig_map import Fit, RigMap, RigMapEntry, Source
from facemocap_addon.core.stack.running import run_stack
from facemocap_addon.core.stack.stack import Stack, make_step
from facemocap_addon.core.take import Take, make_take

TAKES = {**odd_takes(), "rough": rough_take(), "face": face_take()}


def points_take(frames: int = 90) -> Take:
    rng = np.random.default_rng(0)
    places = 0.05 + 0.01 * np.cumsum(rng.normal(0, 0.01, (frames, 12)), axis=0)
    names = [f"{point}.{axis}" for point in ("chin", "brow_L", "brow_R", "<b>") for axis in "xyz"]
    return make_take(np.arange(frames) / 60, [Channel(name, "point") for name in names], places)


def rows_of(health: Health) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(to_csv(health))))


class _Page(HTMLParser):
    """Tags that are open, all attributes, and the text."""

    _VOID = ("meta", "img", "br")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in self._VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.mark.parametrize("name", [*TAKES, "points"])
def test_every_take_has_reports_that_stand_alone(name: str):
    take = TAKES.get(name) or points_take()
    health = examine(take)
    text = json.dumps(health.to_json(), allow_nan=False)
    assert json.loads(text)["schema"] == 1
    assert {row["unit"] for row in rows_of(health)} <= {
        *("", "1", "s", "Hz", "rad", "m", "px", "count", "1/min")
    }
    html = to_html(health, take)
    page = _Page(html)
    assert page.open == []
    assert not page.tags & {"script", "link", "iframe", "object", "img", "base"}
    assert not [key for key, _ in page.attributes if key in ("src", "href") or key.startswith("on")]
    assert "url(" not in html
    assert "@import" not in html
    for svg in re.findall(r"<svg.*?</svg>", html, re.DOTALL):
        ET.fromstring(svg)
    # measured on nothing, or with a figure that is none
    assert not re.search(r"\b(nan|inf|None)\b", "".join(page.text))


def test_names_from_a_file_are_escaped():
    take = points_take()
    html = to_html(examine(take), take)
    assert "<b>.x" not in html
    assert "&lt;b&gt;.x" in html


def test_equal_takes_give_equal_reports_and_stay_as_they_are():
    one, other = rough_take(3), rough_take(3)
    before = one.digest
    reports = [
        (examine(t).to_json(), to_csv(examine(t)), to_html(examine(t), t)) for t in (one, other)
    ]
    assert reports[0] == reports[1]
    assert one.digest == before


def test_no_findings_where_there_is_nothing_to_find():
    take = points_take()
    health = examine(take)
    assert health.findings == ()
    assert "No faults and no warnings." in to_html(health, take)
    assert "Middle of the points" in to_html(health, take)


def test_the_json_says_what_was_measured():
    times = clock()
    health = examine(take_of(times, busy_face(times)))
    document = health.to_json()
    assert list(document) == [
        *("schema", "take", "source", "findings", "timing", "blinks", "lips", "sides"),
        *("left_right", "regions", "channels", "mapping", "on_character"),
    ]
    assert document["timing"]["rate_hz"] == 60.0
    assert document["blinks"]["count"] == len(health.blinks) == 5
    assert document["blinks"]["blinks"][0]["peak_s"] == 7.0
    assert [c["name"] for c in document["channels"]] == list(busy_face(times))
    assert document["mapping"] is None
    for finding in document["findings"]:
        assert set(finding) == {"code", "severity", "text", "times_s", "channels"}


def test_the_table_has_a_figure_a_row():
    times = clock()
    health = examine(take_of(times, busy_face(times)))
    rows = rows_of(health)
    assert list(rows[0]) == ["region", "channel", "measure", "value", "unit", "event"]
    table = {(r["region"], r["channel"], r["measure"], r["event"]): r["value"] for r in rows}
    assert len(table) == len(rows)
    assert float(table["", "", "rate", ""]) == pytest.approx(60.0)
    assert float(table["eye", "", "blinks", ""]) == 5
    for number, blink in enumerate(health.blinks, 1):
        assert float(table["eye", "", "blink_peak", str(number)]) == pytest.approx(blink.peak_s)
        height = float(table["eye", "eyeBlinkLeft", "blink_height", str(number)])
        assert height == pytest.approx(blink.left or 0.0)
    jaw = next(c for c in health.channels if c.name == "jawOpen")
    assert float(table["jaw", "jawOpen", "range_of_motion", ""]) == pytest.approx(jaw.span)
    region = next(r for r in health.regions if r.region == "jaw")
    assert int(table["jaw", "", "events", ""]) == len(region.events) > 1
    own = [float(table["jaw", "", "onset_duration", str(n + 1)]) for n in range(len(region.events))]
    middle = float(table["jaw", "", "onset_duration_median", ""])
    assert middle == pytest.approx(float(np.median(own)), rel=1e-6)


def key(name: str) -> ControlKey:
    return ControlKey("shape_key", "head", f'key_blocks["{name}"].value', 0)


def test_how_much_of_a_take_reaches_a_character():
    times = clock()
    columns = {
        "jawOpen": 0.3 + 0.3 * np.sin(times),
        "browInnerUp": 0.2 + 0.2 * np.sin(2 * times),
        "cheekPuff": 0.5 + 0.4 * np.sin(3 * times),
        "mouthFunnel": 0.01 + 0.01 * np.sin(times),
    }
    entries = (
        RigMapEntry(key("jaw"), (Source("jawOpen"),)),
        RigMapEntry(key("tongue"), (Source("tongueOut"),)),
    )
    fits = (Fit(((key("brow"),),), ("browInnerUp",), ((1.0,),)),)
    health = examine(take_of(times, columns), RigMap("hero", entries, fits=fits))
    own = health.coverage
    assert own is not None
    assert (own.channels, own.moving, own.reached, own.moving_reached) == (4, 3, 2, 2)
    assert (own.lost, own.unfed) == (("cheekPuff",), ("tongueOut",))
    assert (own.controls, own.controls_fed) == (3, 2)
    spans = {c.name: c.p99 - c.p01 for c in health.channels}
    reached = spans["jawOpen"] + spans["browInnerUp"]
    assert own.motion_share == pytest.approx(reached / sum(spans.values()))
    found = {finding.code: finding for finding in health.findings}
    assert found["mapping"].severity == "fault"
    assert found["mapping"].channels == ("cheekPuff",)
    assert found["unfed"].channels == ("tongueOut",)
    assert health.to_json()["mapping"]["lost"] == ["cheekPuff"]


def test_breath_that_life_adds_is_not_missed_on_a_head_without_a_body():
    times = clock(6.0)
    columns = {"jawOpen": 0.3 + 0.3 * np.sin(times), "cheekPuff": 0.5 + 0.4 * np.sin(3 * times)}
    plain = take_of(times, columns)
    jaw = RigMapEntry(key("jaw"), (Source("jawOpen"),))
    breathing = run_stack(plain, Stack((make_step("breathing", body=True),))).take
    assert "breathChest" in breathing.names
    own, bare = (examine(take, RigMap("head", (jaw,))).coverage for take in (breathing, plain))
    assert own is not None
    assert bare is not None
    assert own.lost == ("cheekPuff",)
    assert own.channels == bare.channels == 2
    # where there is a chest, its breath counts
    chest = RigMapEntry(key("chest"), (Source("breathChest"),))
    moved = examine(breathing, RigMap("body", (jaw, chest))).coverage
    assert moved is not None
    assert (moved.channels, moved.reached, moved.lost) == (3, 2, ("cheekPuff",))


def test_an_order_is_told_only_of_several():
    warning, fault = (Finding("x", severity, 1.0, "X.") for severity in ("warning", "fault"))
    assert verdict([warning]) == "1 warning."
    assert verdict([fault, warning]) == "1 fault and 1 warning: the worst first."
    assert verdict([warning, warning]) == "2 warnings: the worst first."


def test_a_map_that_has_nothing_to_do_with_the_take():
    times = clock(3.0)
    health = examine(
        take_of(times, {"jawOpen": 0.3 + 0.3 * np.sin(3 * times)}),
        RigMap("hero", (RigMapEntry(key("tongue"), (Source("tongueOut"),)),)),
    )
    assert health.findings[0].code == "mapping"
    assert "Nothing of the take reaches hero" in health.findings[0].text


def test_a_full_map_says_nothing():
    times = clock()
    columns = busy_face(times)
    entries = tuple(RigMapEntry(key(name), (Source(name),)) for name in columns)
    health = examine(take_of(times, columns), RigMap("hero", entries))
    assert health.coverage is not None
    assert health.coverage.motion_share == 1.0
    assert not {"mapping", "unfed"} & {finding.code for finding in health.findings}


def test_words():
    assert named(["a"]) == "a"
    assert named(["a", "b", "a"]) == "a and b"
    assert named(list("abcdefg")) == "a, b, c, d and 3 more"
    assert counted(2, "eye") == "2 eyes"
    assert at([1.0, 2.0, 3.0]) == "at 1.00, 2.00 and 3.00 s"
    assert at(list(range(9))) == "at 0.00, 1.00, 2.00 s and later"
    assert (share(0.0), share(1e-5), share(0.9999), share(1.0)) == (
        "0 %",
        "0.1 %",
        "99.9 %",
        "100 %",
    )
