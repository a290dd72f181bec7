# SPDX-License-Identifier: GPL-3.0-or-later
"""The 68 landmarks of a face that many trackers share (the 300-W annotation).

==========  =======================================
0 to 16     jaw, from the subject's right ear to the left
17 to 26    brows, right to left
27 to 35    nose: bridge from the top, then its base, right to left
36 to 47    eyes: right (from its outer corner), left (from its inner corner)
48 to 67    mouth: outer outline from the right corner over the upper lip, then the inner one
==========  =======================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..channels import Channel
from ..points import AXES, PICTURE, SPACE, point_channels

NUMBER = 68
#: Which landmark each becomes in a mirrored face.
MIRRORED = (
    *range(16, -1, -1),
    *range(26, 16, -1),
    27, 28, 29, 30,
    *range(35, 30, -1),
    45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,
    *range(54, 47, -1), *range(59, 54, -1),
    *range(64, 59, -1), *range(67, 64, -1),
)  # fmt: skip
_REGIONS = (("jaw", 17), ("brow", 27), ("nose", 36), ("eye", 48), ("mouth", NUMBER))


def space_name(landmark: int) -> str:
    """Name of a landmark in space: ``lm68_00``."""
    return f"lm68_{landmark:02d}"


def picture_name(landmark: int) -> str:
    """Name of a landmark in the picture: ``image_lm68_00``."""
    return f"image_{space_name(landmark)}"


def landmark_channels(
    landmarks: Sequence[int], kind: str, originals: Sequence[str]
) -> list[Channel]:
    """Channels of landmarks, an axis after the other, with the file's names of each axis.

    Parameters
    ----------
    landmarks : sequence of int, length k
    kind : str
        `SPACE` or `PICTURE`.
    originals : sequence of str, length 3 k or 2 k
    """
    name_of = space_name if kind == SPACE else picture_name
    made = point_channels([name_of(each) for each in landmarks], kind=kind)
    axes = AXES if kind == SPACE else AXES[:2]
    out: list[Channel] = []
    for place, (channel, original) in enumerate(zip(made, originals, strict=True)):
        landmark, axis = landmarks[place // len(axes)], axes[place % len(axes)]
        partner = channel.name if kind == PICTURE else f"{name_of(MIRRORED[landmark])}.{axis}"
        region = next(name for name, end in _REGIONS if landmark < end)
        out.append(
            replace(
                channel, original=original, partner=partner, region=region, side=_side(landmark)
            )
        )
    return out


def _side(landmark: int) -> str:
    """The subject's own side; the numbers of each part run from right to left."""
    other = MIRRORED[landmark]
    if other == landmark:
        return "C"
    lower_outlines = (range(55, 60), range(65, 68))
    back = any(landmark in outline for outline in lower_outlines)
    return "R" if (landmark < other) != back else "L"
