# SPDX-License-Identifier: GPL-3.0-or-later
"""The built-in reference as goals for one face."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..arrays import FloatArray, IntArray
from ..probing.descriptor import Describer
from ..probing.reference import reference_motions
from ..probing.scan import Scan
from .calibrate import Part
from .face_points import face_points
from .goals import gaze_field
from .levers import Lever
from .openings import find_face_openings
from .transfer import transfer

#: What pairs of points on the edges of lids and lips count by their distance, and by their place.
#: The reference's lips lie elsewhere than a face's own: edges that had to follow would tear.
EDGES = (1.5, 0.25)
#: A lever opens the jaw when its motion is at least this like the reference's (cosine).
OPENS = 0.4


def sample_parts(
    scan: Scan,
    describer: Describer,
    triangles: IntArray,
    opened: FloatArray | None,
    channels: Sequence[str],
    gaze: Sequence[str] = (),
) -> list[Part]:
    """What channels should do on a face by the built-in reference.

    Parameters
    ----------
    scan : Scan
    describer : Describer
    triangles : (t, 3) int
        Of all meshes, by the scan's points.
    opened : (n, 3) or None
        Displacements by which the jaw opens (`opening_motion`).
    channels : sequence of str
        Channels that are wanted.
    gaze : sequence of str
        EyeLook channels of which only the eyeballs' turn is wanted.
    """
    openings = find_face_openings(scan, describer.frame, triangles, opened)
    none = np.zeros(scan.points.shape)
    fitted = transfer(
        face_points(), scan, describer, openings, none if opened is None else opened, channels
    )
    skin = {name: field for name, field in fitted.fields.items() if name != "tongueOut"}
    parts = [Part(skin, fitted.weights, fitted.evenly, list(openings.values()), EDGES)]
    if "tongueOut" in fitted.fields:
        tongue = {"tongueOut": fitted.fields["tongueOut"]}
        parts.append(Part(tongue, fitted.with_tongue, fitted.evenly))
    balls = (describer.frame.balls[0] | describer.frame.balls[1]).astype(np.float64)
    if gaze and balls.any():
        turns = {name: gaze_field(name, describer) for name in gaze}
        parts.append(Part(turns, balls, balls))
    return parts


def opening_motion(scan: Scan, describer: Describer, levers: Sequence[Lever]) -> FloatArray | None:
    """Displacements ``(n, 3)`` in metres of the lever that opens the jaw most like the reference.

    As far as the reference opens it; None where no lever does.
    """
    motions, known = reference_motions()
    goal = motions["jawOpen"] * known
    best: tuple[float, FloatArray] | None = None
    for lever in levers:
        field = np.zeros(scan.points.shape)
        field[lever.rows] = lever.slope
        own = describer.describe_field(describer.frame.turned(field)) * known
        size = float(np.linalg.norm(own))
        if size == 0.0:
            continue
        product = float(own @ goal)
        like = abs(product) / (size * float(np.linalg.norm(goal)))
        # a turn opens a jaw, a shift may look like it
        like *= 1.0 if lever.control.is_rotation else 0.8
        if like > OPENS and (best is None or like > best[0]):
            best = (like, field * (product / size**2))
    return best[1] if best else None
