# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole head mesh and its landmarks."""

from __future__ import annotations

from .figures import COLUMNS, RING
from .lids import RIM_OUT, build_lids
from .lips import BORDER, CONTACT, build_mouth
from .mesh import HeadMesh, mirror
from .openings import build_ear, build_nostril
from .skin import build_skin


def build_head() -> HeadMesh:
    """Skin, lids, mouth, nostrils and ears, both sides."""
    half = build_skin()
    build_lids(half)
    build_mouth(half)
    build_nostril(half)
    build_ear(half)
    return mirror(half)


_MIDDLE = {
    "glabella": "G0",
    "nasion": "N0",
    "nose_bridge": "A0",
    "nose_tip": "C0",
    "subnasale": "M0",
    "chin_fold": "M8",
    "chin": "L8",
    "menton": "Q8",
    "throat": "V9",
    "forehead": "I0",
    "crown": "K0",
    "occiput": "Z0",
}
_SIDES = {
    "brow_inner": "E1",
    "brow_mid": "E2",
    "brow_outer": "E3",
    "forehead_side": "I3",
    "temple": "H5",
    "cheekbone": "D2",
    "cheek_upper": "D1",
    "cheek_mid": "P1",
    "cheek_low": "F4",
    "nasolabial": "F3",
    "nose_wing": "T2",
    "wing_crease": "C2",
    "jaw_corner": "R5",
    "jaw_mid": "Q6",
    "jaw_side": "Q5",
    "ear_front": "P4",
    "ear_top": "J5",
    "ear_low": "R4",
}


def landmarks(head: HeadMesh) -> dict[str, int]:
    """Vertex numbers of named places; `_L` and `_R` are the character's own sides."""
    eye, mouth, corner = head.half.eye, head.half.mouth, head.half.corner
    n = COLUMNS
    out: dict[str, int] = {}

    def sides(name: str, vertex: int) -> None:
        out[name + "_L"], out[name + "_R"] = head.both(vertex)

    for name, j in (
        ("eye_inner", 0),
        ("lid_up_in", n // 4),
        ("lid_up_mid", n // 2),
        ("lid_up_out", 3 * n // 4),
        ("eye_outer", n),
        ("lid_low_out", n + n // 4),
        ("lid_low_mid", n + n // 2),
        ("lid_low_in", n + 3 * n // 4),
    ):
        sides(name, eye[(RIM_OUT, j)])
    sides("lid_crease", eye[(5, n // 2)])
    sides("mouth_corner", mouth[(CONTACT, n)])
    sides("lip_up_peak", mouth[(BORDER, 4)])
    sides("lip_up_side", mouth[(BORDER, n // 2 + 2)])
    sides("lip_low_side", mouth[(BORDER, RING - n // 2 - 2)])
    sides("lip_seam_up_side", mouth[(CONTACT, n // 2)])
    sides("lip_seam_low_side", mouth[(CONTACT, RING - n // 2)])
    out["lip_up_mid"] = mouth[(BORDER, 0)]
    out["lip_seam_up_mid"] = mouth[(CONTACT, 0)]
    out["lip_seam_low_mid"] = mouth[(CONTACT, RING)]
    out["lip_low_mid"] = mouth[(BORDER, RING)]
    for name, point in _MIDDLE.items():
        out[name] = corner[point]
    for name, point in _SIDES.items():
        sides(name, corner[point])
    return out


def rim_pairs(head: HeadMesh, ring: int) -> list[tuple[int, int]]:
    """(upper, lower) vertices of each column of both eyes' rims, canthi left out."""
    eye = head.half.eye
    out: list[tuple[int, int]] = []
    for j in range(1, COLUMNS):
        upper, lower = eye[(ring, j)], eye[(ring, RING - j)]
        out.append((upper, lower))
        out.append((int(head.right[upper]), int(head.right[lower])))
    return out


def seam_pairs(
    head: HeadMesh, rings: tuple[int, ...] = (CONTACT - 1, CONTACT)
) -> list[tuple[int, int]]:
    """(upper, lower) vertices of the lips' contact rings, corners left out."""
    mouth = head.half.mouth
    out: list[tuple[int, int]] = []
    for k in rings:
        for j in range(COLUMNS):
            upper, lower = mouth[(k, j)], mouth[(k, RING - j)]
            out.append((upper, lower))
            if head.right[upper] != upper:
                out.append((int(head.right[upper]), int(head.right[lower])))
    return out
