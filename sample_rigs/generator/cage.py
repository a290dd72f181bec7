# SPDX-License-Identifier: GPL-3.0-or-later
"""The cage: named points and quads of the left half, laid by hand.

Loops run round the eye, the mouth, the nose wing and the jaw, as a modeller would lay them.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from .distance import Array

# Points need to be only within about 10 mm of the form: they are snapped on to it.
# The letter names a ring or row: E eye, M mouth, T/F/L nasolabial ring, Q/R jaw rings,
# H I J K X Y Z O brow to nape, V/S neck; 0 lies on the midline.
_POINTS = """
G0 0 17 99; G1 6 17 98; E1 16 14 95
N0 0 3 95; N1 5 3 93; E0 12.2 -1 84
B0 0 -10 101; B1 5 -10 99; E7 17 -13 85
A0 0 -22 109; A1 5 -22 106; A2 16.5 -25 90
C0 0 -33 119; C1 5.5 -33 117; C2 18.6 -34 95
T0 0 -42 116; T1 4.2 -43 112; T2 17.6 -43.5 95
M0 0 -48 103; M1 5 -48.3 103; M2 15.5 -50 99
M3 28 -57 92; M4 35 -69 84; M5 31 -80 86; M6 22 -87 90; M7 11 -90 95; M8 0 -91 96
E2 32 20.5 93; E3 48 15 80; E4 55.5 0 66; E5 48 -15 75; E6 32 -20 83
H0 0 35 99; H1 7 35 98; H2 19 35 96; H3 38 35 84; H4 56 26 64; H5 65 -1 46
D1 32 -31 86; D2 50 -27 70
P1 33 -42 84; P2 51 -43 66; P3 66 -25 38
F3 32 -52 86; F4 45 -66 70; L5 41 -83 70; L6 30 -97 78; L7 15 -104 91; L8 0 -105 95
Q4 59 -58 40; Q5 50 -86 42; Q6 36 -105 60; Q7 18 -113 74; Q8 0 -115 79
I0 0 60 90; I1 9 60 89; I2 24 60 84; I3 44 56 70; I4 61 44 45; I5 71 8 23
P4 70 -18 15; R4 65 -45 9; R5 50 -88 14; R6 36 -108 34; R7 18 -118 46; R8 0 -120 50
J0 0 92 60; J1 12 91 59; J2 30 88 52; J3 51 78 36; J4 67 58 18; J5 74 22 6
K0 0 114 5; K1 14 113 4; K2 34 107 2; K3 57 90 -4; K4 71 58 -12; K5 75 22 -16
X0 0 98 -55; X1 14 97 -55; X2 34 92 -53; X3 56 76 -46; X4 70 44 -42; X5 73 4 -32
Y0 0 58 -90; Y1 14 58 -89; Y2 33 54 -85; Y3 54 42 -72; Y4 66 14 -58; Y5 70 -18 -31
Z0 0 5 -97; Z1 14 4 -96; Z2 32 2 -91; Z3 50 -5 -78; Z4 61 -24 -54; Z5 66 -41 -17
O0 0 -45 -75; O1 12 -46 -74; O2 27 -50 -68; O3 40 -57 -55; O4 48 -68 -38; O5 52 -80 -13
V0 0 -90 -66; V1 12 -91 -65; V2 26 -94 -60; V3 39 -99 -48; V4 47 -106 -30
V5 49 -114 -8; V6 43 -122 12; V7 31 -129 24; V8 16 -134 31; V9 0 -136 33
S0 0 -142 -74; S1 15 -143 -73; S2 33 -145 -68; S3 50 -149 -56; S4 60 -155 -36
S5 58 -162 -12; S6 47 -170 8; S7 33 -175 20; S8 16 -178 26; S9 0 -180 27
"""

EYE = tuple("E0 E1 E2 E3 E4 E5 E6 E7".split())
EAR = tuple("I5 J5 K5 X5 Y5 Z5 R4 P4".split())
MOUTH = tuple("M0 M1 M2 M3 M4 M5 M6 M7 M8".split())
NOSTRIL = tuple("T1 T2 M2 M1".split())
NASOLABIAL = tuple("T0 T1 T2 F3 F4 L5 L6 L7 L8".split())
COLLAR = tuple(f"S{i}" for i in range(10))

HOLE_LOOPS = ((*EYE, "E0"), (*EAR, "I5"), MOUTH, (*NOSTRIL, "T1"))
"""Borders of the four holes, as sequences of cage points."""

HALF_LOOPS = (
    MOUTH,
    NASOLABIAL,
    tuple("O0 O1 O2 O3 O4 O5 R5 R6 R7 R8".split()),
    tuple(f"V{i}" for i in range(10)),
    COLLAR,
)
"""Loops that cross the midline at both ends and should be round."""

PINNED = tuple(
    "G0 N0 E0 B0 A0 C0 T0 M0 G1 N1 B1 A1 C1 C2 T1 T2 M1 M2 E1 E2 E3 E4 E5 E6 E7 M3 M4 M5 M6 "
    "M7 M8 I5 J5 K5 X5 Y5 Z5 R4 P4 A2".split()
)
"""Points that smoothing leaves where they were snapped."""

Quad = tuple[str, str, str, str]


def points() -> dict[str, Array]:
    """Cage points by name, as typed."""
    out: dict[str, Array] = {}
    for entry in _POINTS.replace("\n", ";").split(";"):
        words = entry.split()
        if words:
            out[words[0]] = np.array([float(w) for w in words[1:]])
    return out


def quads() -> list[Quad]:
    """Quads of the left half. Eye, mouth, ear and nostril are left open."""
    out: list[Quad] = []

    def strips(*rows: str) -> None:
        named = [row.split() for row in rows]
        for a, b in pairwise(named):
            out.extend((a[i], a[i + 1], b[i + 1], b[i]) for i in range(len(a) - 1))

    def numbered(letter: str, count: int) -> str:
        return " ".join(f"{letter}{i}" for i in range(count))

    strips("G0 G1 E1", "N0 N1 E0", "B0 B1 E7", "A0 A1 A2", "C0 C1 C2", "T0 T1 T2", "M0 M1 M2")
    out.remove(("T1", "T2", "M2", "M1"))  # the nostril
    strips("G0 G1 E1 E2 E3 E4", "H0 H1 H2 H3 H4 H5")  # brow
    strips("E4 E5 E6 E7", "H5 D2 D1 A2")  # under the eye
    strips("A2 D1 D2 H5", "C2 P1 P2 P3")  # cheek
    strips("C2 P1 P2", "T2 F3 F4")
    strips("M2 M3 M4 M5 M6 M7 M8", "T2 F3 F4 L5 L6 L7 L8")  # nasolabial ring
    strips("P2 F4 L5 L6 L7 L8", "P3 Q4 Q5 Q6 Q7 Q8", "P4 R4 R5 R6 R7 R8")  # jaw
    strips(*(numbered(letter, 6) for letter in "HIJKXYZO"))  # skull; column 5 arches the ear
    out.append(("H5", "I5", "P4", "P3"))
    out.append(("Z5", "R4", "R5", "O5"))
    strips("O0 O1 O2 O3 O4 O5 R5 R6 R7 R8", numbered("V", 10), numbered("S", 10))  # neck
    return out
