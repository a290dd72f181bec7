# SPDX-License-Identifier: GPL-3.0-or-later
"""Curve plots and pages: the drawn places are right, gaps are seen, nothing is fetched."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from facemocap_addon.core.pages import Markup, element, facts, join, page, picture, table
from facemocap_addon.core.plots import Line, Panel, line_path, nice_ticks, plot_panels


def points_of(path: str) -> list[list[tuple[float, float]]]:
    """Points of each stroke of path data."""
    return [
        [(float(x), float(y)) for x, y in re.findall(r"([-\d.]+),([-\d.]+)", stroke)]
        for stroke in path.split("M")[1:]
    ]


def svg_of(*panels: Panel, **options: object) -> ET.Element:
    return ET.fromstring(plot_panels(panels, (0.0, 10.0), **options))  # type: ignore[arg-type]


def curves_in(svg: ET.Element) -> list[str]:
    return [p.attrib["d"] for p in svg.iter("path") if p.attrib.get("fill") == "none"]


def test_a_path_goes_through_its_points():
    assert line_path(np.array([0.0, 1.25, 20.0]), np.array([3.0, -4.04, 5.5])) == (
        "M0,3L1.2,-4 20,5.5"
    )


def test_a_path_breaks_where_nothing_is_known():
    xs = np.arange(7.0)
    known = np.array([True, True, False, False, True, False, True])
    assert line_path(xs, xs, known) == "M0,0L1,1M4,4h0M6,6h0"
    assert line_path(xs, xs, np.zeros(7, np.bool_)) == ""


def test_a_path_skips_what_is_not_finite():
    ys = np.array([0.0, np.nan, 2.0, 3.0, np.inf])
    assert points_of(line_path(np.arange(5.0), ys)) == [[(0, 0)], [(2, 2), (3, 3)]]


def test_many_samples_keep_every_peak():
    """A spike of one sample among 36,000 is drawn at its full height."""
    xs = np.linspace(0, 900, 36_000)
    ys = 50 + np.sin(xs / 40)
    ys[12_345], ys[30_000] = 99.0, 2.0
    (stroke,) = points_of(line_path(xs, ys))
    assert len(stroke) < 4 * 1801
    assert max(y for _, y in stroke) == 99.0
    assert min(y for _, y in stroke) == 2.0
    assert stroke[0][0] == 0.0
    assert stroke[-1][0] == 900.0
    assert all(left <= right for (left, _), (right, _) in pairwise(stroke))


def test_a_panel_puts_values_where_its_ticks_are():
    """Known values at known times: time runs evenly, 0 lies at the bottom, 1 at the top."""
    times = np.array([0.0, 5.0, 10.0])
    panel = Panel("Jaw", (Line("jaw", times, np.array([0.0, 0.5, 1.0])),), limits=(0.0, 1.0))
    svg = svg_of(panel)
    (curve,) = curves_in(svg)
    ((x0, y0), (x1, y1), (x2, y2)) = points_of(curve)[0]
    assert (x1 - x0, y0 - y1) == pytest.approx((x2 - x1, y1 - y2), abs=0.11)
    texts = [
        (t.text, t.attrib["text-anchor"], t.attrib)
        for t in svg.iter("text")
        if t.get("text-anchor")
    ]
    values = {text: place for text, anchor, place in texts if anchor == "end"}
    seconds = {text: place for text, anchor, place in texts if anchor == "middle"}
    assert float(values["0"]["y"]) - 3.5 == pytest.approx(y0, abs=0.11)
    assert float(values["1"]["y"]) - 3.5 == pytest.approx(y2, abs=0.11)
    assert float(seconds["0"]["x"]) == pytest.approx(x0, abs=0.11)
    assert float(seconds["10 s"]["x"]) == pytest.approx(x2, abs=0.11)


def test_values_beyond_the_limits_stay_inside_the_panel():
    line = Line("jaw", np.array([0.0, 10.0]), np.array([-3.0, 7.0]))
    inside = Line("jaw", np.array([0.0, 10.0]), np.array([0.0, 1.0]))
    drawn, wanted = (
        points_of(curves_in(svg_of(Panel("Jaw", (each,), limits=(0.0, 1.0))))[0])
        for each in (line, inside)
    )
    assert drawn == wanted


def test_gaps_are_shaded_in_every_panel_where_they_are():
    times = np.linspace(0, 10, 101)
    panels = [Panel(name, (Line("", times, times / 10),)) for name in ("Jaw", "Blink")]
    svg = svg_of(*panels, gaps_s=[(2.0, 4.0), (7.0, 7.001)])
    boxes = [box for box in svg.iter("rect") if box.attrib["class"] == "gap"]
    assert len(boxes) == 4
    start = points_of(curves_in(svg)[0])[0]
    per_second = (start[-1][0] - start[0][0]) / 10
    first = boxes[0].attrib
    assert float(first["x"]) == pytest.approx(start[0][0] + 2 * per_second, abs=0.11)
    assert float(first["width"]) == pytest.approx(2 * per_second, abs=0.11)
    assert float(boxes[1].attrib["width"]) >= 1.0, "a lost frame can still be seen"
    assert len({box.attrib["y"] for box in boxes}) == 2


def test_marks_are_named_and_close_names_do_not_collide():
    panel = Panel("Jaw", (Line("", np.array([0.0, 10.0]), np.array([0.0, 1.0])),))
    svg = svg_of(panel, marks=[(5.0, "rounded lips"), (5.2, "open < mouth"), (0.0, "rest")])
    names = {t.text: t.attrib for t in svg.iter("text") if t.attrib.get("font-style")}
    assert set(names) == {"rounded lips", "open < mouth", "rest"}
    assert names["rounded lips"]["y"] != names["open < mouth"]["y"]


def test_points_can_be_drawn_as_dots():
    line = Line("", np.array([0.0, 5.0, 10.0]), np.zeros(3), dots=True)
    (curve,) = curves_in(svg_of(Panel("Jaw", (line,))))
    assert curve.count("h0") == 3


def test_an_axis_without_length_is_refused():
    with pytest.raises(ValueError, match="start < end"):
        plot_panels([], (3.0, 3.0))


@pytest.mark.parametrize(
    ("low", "high", "most", "ticks"),
    [
        (0.0, 1.0, 3, [0.0, 0.5, 1.0]),
        (0.0, 22.0, 13, [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22]),
        (-11.7, 13.2, 3, [-10.0, 0.0, 10.0]),
        (0.0, 0.3, 5, [0.0, 0.1, 0.2, 0.3]),
        (5.0, 5.0, 3, [5.0]),
    ],
)
def test_ticks_are_round(low: float, high: float, most: int, ticks: list[float]):
    assert nice_ticks(low, high, most) == ticks


@pytest.mark.parametrize("span", [1e-6, 0.37, 9.99, 134.4, 7.2e5])
def test_ticks_are_never_too_many_and_lie_inside(span: float):
    for most in range(2, 14):
        ticks = nice_ticks(-0.3 * span, 0.7 * span, most)
        assert 1 <= len(ticks) <= most
        assert min(ticks) >= -0.3 * span - 1e-9 * span
        assert max(ticks) <= 0.7 * span + 1e-9 * span


def test_text_is_escaped_and_markup_is_not():
    assert element("p", "a < b", element("b", '"c"'), class_="x y") == (
        '<p class="x y">a &lt; b<b>&quot;c&quot;</b></p>'
    )
    assert join(["<", Markup("<br>")], "&") == "&lt;&amp;<br>"
    assert element("td", "", class_=None) == "<td></td>"


def test_facts_without_anything_to_say_are_left_out():
    assert facts([("Gaps", ""), ("Rate", "60 Hz")]).count("<dt>") == 1


class Balance(HTMLParser):
    """Collects tags that are not closed, and where the page points to."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "img", "br", "link"):
            self.open.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_page_closes_all_and_carries_all():
    times = np.linspace(0, 10, 50)
    plot = plot_panels([Panel("Jaw & lips", (Line("<jaw>", times, times),))], (0.0, 10.0))
    html = page(
        "A <take>",
        Markup(plot),
        picture(b"\x00\x01\x02", "image/png", 'a "face"', (30, 40)),
        table(("Name", "Keys"), [("head", "1,000")], numbers=[1]),
    )
    reader = Balance()
    reader.feed(html)
    assert reader.open == []
    assert reader.links == ["data:image/png;base64,AAEC"]
    assert 'width="30" height="40"' in html
    assert "<title>A &lt;take&gt;</title>" in html
    assert "http" not in html
    assert "<script" not in html
    assert "url(" not in html
