# SPDX-License-Identifier: GPL-3.0-or-later
"""The response's picture: the curve is where its values are, laid over any ground."""

from __future__ import annotations

import numpy as np
import pytest

from facemocap_addon.core.rig_maps.response import Response, respond
from facemocap_addon.core.rig_maps.response_shapes import SHAPES
from facemocap_addon.ui.curve_picture import SIZE, draw_curve, picture_of

WHITE = (1.0, 1.0, 1.0)


def place(value: float) -> int:
    """Row or column of a value from 0 to 1."""
    return int((0.06 + 0.88 * value) * SIZE)


@pytest.mark.parametrize("points", list(SHAPES.values()), ids=list(SHAPES))
def test_the_line_runs_through_the_curve(points: Response):
    alpha = draw_curve(points, WHITE)[..., 3]
    assert alpha.shape == (SIZE, SIZE)
    at = np.linspace(0.02, 0.98, 25)
    for x, y in zip(at, respond(points, at), strict=True):
        assert alpha[place(y), place(x)] > 0.9
    # away from the line, its points, the diagonal and the grid there is nothing
    assert alpha[place(0.9), place(0.1)] < 0.3
    assert np.mean(alpha > 0.9) < 0.15


def test_a_turned_about_curve_fills_the_picture_too():
    alpha = draw_curve(((-0.4, -0.4), (0.0, 0.1), (0.4, 0.4)), WHITE)[..., 3]
    assert alpha[place(0.0), place(0.0)] > 0.9
    assert alpha[place(1.0), place(1.0)] > 0.9
    assert alpha[place(0.625), place(0.5)] > 0.9


def test_colours_are_multiplied_by_alpha():
    picture = draw_curve(((0.0, 0.0), (1.0, 1.0)), (0.5, 0.25, 1.0))
    np.testing.assert_allclose(picture[..., 0], 0.5 * picture[..., 3], atol=1e-6)
    np.testing.assert_allclose(picture[..., 2], picture[..., 3], atol=1e-6)
    assert picture.min() >= 0
    assert picture.max() <= 1


def test_without_a_window_there_is_no_picture():
    assert picture_of(((0.0, 0.0), (1.0, 1.0)), WHITE) == 0
