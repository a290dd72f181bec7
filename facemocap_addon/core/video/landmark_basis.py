# SPDX-License-Identifier: GPL-3.0-or-later
"""How MediaPipe's 478 face landmarks move with each of the ARKit coefficients.

Made by ``python dev.py landmarks`` from the sample head (docs/video.md): the landmarks that
MediaPipe finds on a still of it were cast onto its mesh, which says where each goes with a shape.
``data/landmark_basis.npz`` holds it in hundredths of a millimetre.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from functools import cache

import numpy as np

from ..arrays import FloatArray, IntArray, frozen
from ..resources import data_file

LANDMARKS = 478
#: Landmarks of the mesh; those behind are the irises'.
MESH = 468
#: Outer and inner corner, upper and lower lid and iris of each eye (the subject's own side).
EYES = {
    "left": {"outer": 263, "inner": 362, "upper": 386, "lower": 374, "iris": 473},
    "right": {"outer": 33, "inner": 133, "upper": 159, "lower": 145, "iris": 468},
}
#: Inner edges of the lips, their corners.
LIPS = {"upper": 13, "lower": 14, "left": 291, "right": 61}
#: Outer corners of the eyes of an average adult, metres (Farkas, Anthropometry of the Head and
#: Face, 1994: 88 mm in women, 91 in men).
CORNERS_M = 0.09
FILE = "landmark_basis.npz"
_UNIT_M = 1e-5
_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class LandmarkBasis:
    """A neutral face and its shapes, in metres, in the head's own frame (docs/formats.md).

    Attributes
    ----------
    names : tuple of str, length k
        Coefficients.
    neutral : (478, 3) float64
        The outer corners of the eyes are `CORNERS_M` apart.
    moves : (k, 478, 3) float64
        Movement of each landmark when a coefficient goes from 0 to 1.
    gains : (k,) float64
        How much of that movement MediaPipe showed on a still, seen from the front.
    likeness : (k,) float64
        How like that movement what it showed was: the cosine of the two.
    centres : (2, 3) float64
        Of the left and the right eyeball.
    partners : (478,) int
        Which landmark each becomes in a mirrored face.
    """

    names: tuple[str, ...]
    neutral: FloatArray
    moves: FloatArray
    gains: FloatArray
    likeness: FloatArray
    centres: FloatArray
    partners: IntArray

    def __post_init__(self) -> None:
        fill = object.__setattr__
        for name in ("neutral", "moves", "gains", "likeness", "centres"):
            fill(self, name, frozen(getattr(self, name), np.float64))
        fill(self, "partners", frozen(self.partners, np.intp))
        shape = (len(self.names), LANDMARKS, 3)
        if self.moves.shape != shape or self.neutral.shape != shape[1:]:
            raise ValueError(f"moves must be {shape}, not {self.moves.shape}")

    def place(self, name: str) -> int:
        """Row of a coefficient."""
        return self.names.index(name)


def basis_bytes(basis: LandmarkBasis) -> bytes:
    """The file's content: equal bases are equal bytes."""
    members = {
        "names": np.frombuffer("\n".join(basis.names).encode(), np.uint8),
        "neutral": _coded(basis.neutral),
        "moves": _coded(basis.moves),
        "gains": np.round(basis.gains, 3).astype("<f4"),
        "likeness": np.round(basis.likeness, 3).astype("<f4"),
        "centres": _coded(basis.centres),
        "partners": basis.partners.astype("<i2"),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in members.items():
            data = io.BytesIO()
            np.lib.format.write_array(data, array, version=(1, 0), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", _DATE)
            info.create_system = 3
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data.getvalue())
    return out.getvalue()


def read_basis(data: bytes) -> LandmarkBasis:
    """The basis that `basis_bytes` wrote."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return LandmarkBasis(
            names=tuple(bytes(file["names"]).decode().split("\n")),
            neutral=file["neutral"] * _UNIT_M,
            moves=file["moves"] * _UNIT_M,
            gains=file["gains"],
            likeness=file["likeness"],
            centres=file["centres"] * _UNIT_M,
            partners=file["partners"],
        )


@cache
def landmark_basis() -> LandmarkBasis:
    """The basis of the sample head."""
    return read_basis(data_file(FILE).read_bytes())


def _coded(metres: FloatArray) -> IntArray:
    return np.round(np.asarray(metres) / _UNIT_M).astype("<i2")
