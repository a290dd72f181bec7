# SPDX-License-Identifier: GPL-3.0-or-later
"""From landmarks in the head's frame to ARKit coefficients: bounded least squares.

Gaze is measured first (`landmark_gaze`); its part of the lids' movement is taken off. Then the
other coefficients, 0 to 1, are those most likely to have moved the landmarks from the person's own
neutral face to where they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..solver import Terms, make_problem, solve
from .landmark_basis import EYES, LIPS, MESH, LandmarkBasis

#: MediaPipe's depth is a guess; it counts less than what is across the picture.
DEPTH_SHARE = 0.15
#: Deviation of a landmark, mm. Neighbouring landmarks err together, so that it is far more than
#: what one of them trembles by.
NOISE_MM = 6.0
#: How readily a coefficient is believed: about its root mean square in two recorded ARKit takes.
#: Chosen by hand instead, on the one clip of docs/video.md: jawOpen (0.31 there), mouthLowerDown
#: (0.28), mouthClose (0.13), mouthStretch (0.26). A mouth opens by its jaw before it opens by its
#: lips and widens by a smile before it stretches; a closed one hides its jaw.
SPREADS = {
    "browDown": 0.28, "browInnerUp": 0.32, "browOuterUp": 0.29, "cheekPuff": 0.09,
    "cheekSquint": 0.13, "eyeBlink": 0.38, "eyeSquint": 0.16, "eyeWide": 0.16,
    "jaw": 0.03, "jawOpen": 0.8, "mouth": 0.07, "mouthClose": 0.04, "mouthDimple": 0.13,
    "mouthFrown": 0.22, "mouthFunnel": 0.22, "mouthLowerDown": 0.12, "mouthPress": 0.1,
    "mouthPucker": 0.2, "mouthRollLower": 0.12, "mouthRollUpper": 0.1, "mouthShrugLower": 0.23,
    "mouthShrugUpper": 0.27, "mouthSmile": 0.26, "mouthStretch": 0.13, "mouthUpperUp": 0.18,
    "noseSneer": 0.23,
}  # fmt: skip
#: Landmarks on lids, brows and the inner edges of the lips count so much more than others, those
#: on the outline so much less: it is where the face turns away, not a place on it.
_LIDS, _BROWS, _INNER_LIPS, _OUTLINE = 5.0, 8.0, 6.0, 0.2
BROWS = (
    70, 63, 105, 66, 107, 55, 65, 52, 53, 46,
    300, 293, 334, 296, 336, 285, 295, 282, 283, 276,
)  # fmt: skip
INNER_LIPS = (
    78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308,
    95, 88, 178, 87, 14, 317, 402, 318, 324,
)  # fmt: skip
OUTLINE = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
    148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
_LID_SHARE = 0.25
#: Shapes that MediaPipe shows less like than this on stills of them are left out.
UNSEEN = 0.15
_LEAST_GAIN = 0.3
#: Never seen: the tongue has no landmarks, and depth alone does not tell the jaw's own place.
NEVER = ("tongueOut", "jawForward")
_APERTURE = (0.5, 1.6)
_MM = 1000.0
#: Share of the frames that the neutral face is taken from, and its least number of frames.
NEUTRAL_SHARE = 0.1
_NEUTRAL_FRAMES = 3
#: Eyes more closed than this part of their usual opening do not look neutral.
_OPEN_SHARE = 0.85


@dataclass(frozen=True)
class Coefficients:
    """What was solved.

    Attributes
    ----------
    names : tuple of str, length k
        Coefficients that can be seen, looks of the eyes among them.
    values : (n, k) float64
    residual_mm : (n,) float64
        Root mean square of what the coefficients leave of each landmark's movement.
    unseen : tuple of str
        Coefficients that landmarks do not show.
    """

    names: tuple[str, ...]
    values: FloatArray
    residual_mm: FloatArray
    unseen: tuple[str, ...]


def eye_opening(points: FloatArray, side: str) -> FloatArray:
    """Opening ``(n,)`` of an eye, of its own width."""
    eye = EYES[side]
    tall = np.linalg.norm(points[:, eye["upper"]] - points[:, eye["lower"]], axis=1)
    wide = np.linalg.norm(points[:, eye["outer"]] - points[:, eye["inner"]], axis=1)
    return tall / np.maximum(wide, 1e-9)


def mouth_opening(points: FloatArray) -> FloatArray:
    """Opening ``(n,)`` between the inner edges of the lips, of the eyes' distance."""
    return _apart(points, LIPS["upper"], LIPS["lower"]) / _between_eyes(points)


def find_neutral_frames(points: FloatArray, valid: BoolArray) -> BoolArray:
    """Frames ``(n,)`` in which the face looks most neutral.

    The mouth is the least open and the least wide, the brows are where they mostly are, and the
    eyes are open: of all valid frames the tenth with the least of all that.
    """
    rows = np.flatnonzero(valid)
    face = points[rows]
    unit = _between_eyes(face)
    width = _apart(face, LIPS["left"], LIPS["right"]) / unit
    brows = np.mean([face[:, each, 1] for each in (105, 334, 107, 336)], axis=0) / unit
    effort = mouth_opening(face) + np.abs(brows - np.median(brows))
    effort += width - np.percentile(width, 10)
    for side in EYES:
        opening = eye_opening(face, side)
        usual = float(np.percentile(opening, 70))
        effort += np.maximum(_OPEN_SHARE * usual - opening, 0.0) * 4.0
        effort += 0.5 * np.maximum(opening - 1.15 * usual, 0.0)
    count = min(len(rows), max(_NEUTRAL_FRAMES, round(NEUTRAL_SHARE * len(rows))))
    out = np.zeros(len(points), np.bool_)
    out[rows[np.argsort(effort, kind="stable")[:count]]] = True
    return out


def solve_coefficients(
    points: FloatArray,
    neutral: FloatArray,
    looks: dict[str, FloatArray],
    basis: LandmarkBasis,
) -> Coefficients:
    """Coefficients of every frame.

    Parameters
    ----------
    points : (n, 478, 3)
        Landmarks in the head's frame, metres.
    neutral : (478, 3)
        The person's own.
    looks : dict of str to (n,)
        Coefficients of gaze that are known.
    basis : LandmarkBasis
    """
    moves = person_moves(basis, neutral)
    observed = (points - neutral)[:, :MESH] * _MM
    for name, values in looks.items():
        observed = observed - values[:, None, None] * moves[basis.place(name)]
    likeness = pair_mean(basis, basis.likeness)
    own = [place for place, name in enumerate(basis.names) if not name.startswith("eyeLook")]
    seen = [k for k in own if basis.names[k] not in NEVER and likeness[k] >= UNSEEN]
    names = [basis.names[place] for place in seen]
    weigh = np.array([1.0, 1.0, DEPTH_SHARE])
    problem = make_problem(
        (moves[seen] * weigh).reshape(len(seen), -1).T,
        weights=landmark_weights(basis),
        terms=Terms(noise=NOISE_MM, ridge=(NOISE_MM / spreads(names)) ** 2),
        exclusive=[
            (names.index(f"{what}Left"), names.index(f"{what}Right")) for what in ("jaw", "mouth")
        ],
    )
    found = solve(problem, (observed * weigh).reshape(len(observed), -1))
    return Coefficients(
        names=(*names, *looks),
        values=np.column_stack([found.values, *looks.values()]),
        residual_mm=found.residual,
        unseen=tuple(basis.names[k] for k in own if k not in seen),
    )


def spreads(names: Sequence[str]) -> FloatArray:
    """`SPREADS` of coefficients ``(k,)``, the same for both sides."""
    plain = [name.removesuffix("Left").removesuffix("Right") for name in names]
    return np.array([SPREADS[name] for name in plain])


def landmark_weights(basis: LandmarkBasis) -> FloatArray:
    """How much each landmark ``(468,)`` counts."""
    out = np.ones(MESH)
    for side in EYES:
        moved = np.linalg.norm(basis.moves[basis.place(f"eyeBlink{side.title()}"), :MESH], axis=1)
        out[moved > _LID_SHARE * moved.max()] = _LIDS
    out[list(BROWS)] = _BROWS
    out[list(INNER_LIPS)] = _INNER_LIPS
    out[list(OUTLINE)] = _OUTLINE
    return out


def person_moves(basis: LandmarkBasis, neutral: FloatArray) -> FloatArray:
    """Movements ``(k, 468, 3)`` in mm of this person's landmarks, as MediaPipe would show them.

    Lids go as far as this person's eyes are open.
    """
    # a rendered face shows MediaPipe less than a real one: half way, on a scale of ratios
    gains = np.sqrt(np.clip(pair_mean(basis, basis.gains), _LEAST_GAIN, 1.0))
    moves = basis.moves[:, :MESH] * gains[:, None, None] * _MM
    for side, eye in EYES.items():
        ends = [eye["upper"], eye["lower"]]
        own, usual = (
            float(np.linalg.norm(np.diff(face[ends], axis=0))) for face in (neutral, basis.neutral)
        )
        factor = min(max(own / usual, _APERTURE[0]), _APERTURE[1])
        for place, name in enumerate(basis.names):
            if name.startswith("eye") and name.lower().endswith(side):
                moves[place] *= factor
    return moves


def pair_mean(basis: LandmarkBasis, values: FloatArray) -> FloatArray:
    """Values ``(k,)`` of coefficients, left and right given their mean: one head, one light."""
    out = np.array(values, np.float64)
    for place, name in enumerate(basis.names):
        if name.endswith("Left"):
            other = basis.place(name.removesuffix("Left") + "Right")
            out[[place, other]] = (values[place] + values[other]) / 2
    return out


def _apart(points: FloatArray, one: int, other: int) -> FloatArray:
    return np.linalg.norm(points[:, one] - points[:, other], axis=1)


def _between_eyes(points: FloatArray) -> FloatArray:
    return np.maximum(_apart(points, EYES["left"]["outer"], EYES["right"]["outer"]), 1e-9)
