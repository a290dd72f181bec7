# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure stills by MediaPipe's face mesh; runs as a script in an environment without bpy.

`python track.py STILLS.json` prints one JSON document: per character the number of faces found
and the correlation of measured eye and mouth opening with the value that was set.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import cv2  # pyright: ignore[reportMissingImports]
import mediapipe as mp  # pyright: ignore[reportMissingImports]
import numpy as np
from numpy.typing import NDArray

# Landmarks of MediaPipe's face mesh: upper lid, lower lid, outer and inner corner of each eye;
# inner edge of upper and lower lip; top of the forehead and chin.
EYES = ((159, 145, 33, 133), (386, 374, 263, 362))
LIPS = (13, 14)
FACE = (10, 152)


def _distance(points: NDArray[np.float64], a: int, b: int) -> float:
    return float(np.linalg.norm(points[a] - points[b]))


def openings(points: NDArray[np.float64]) -> dict[str, float]:
    """Opening of the eyes (of their width) and of the mouth (of the face's height)."""
    eyes = [_distance(points, u, low) / _distance(points, o, i) for u, low, o, i in EYES]
    return {
        "eyeBlink": float(np.mean(eyes)),
        "jawOpen": _distance(points, *LIPS) / _distance(points, *FACE),
    }


def measure(manifest: Path) -> dict[str, Any]:
    """Faces found and correlations for every character in a list of stills."""
    rows = json.loads(manifest.read_text(encoding="utf-8"))
    mesh = mp.solutions.face_mesh.FaceMesh(
        static_image_mode=True, refine_landmarks=True, max_num_faces=1
    )
    report: dict[str, Any] = {}
    seen: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for row in rows:
        image = cv2.imread(str(manifest.parent / row["file"]))
        height, width = image.shape[:2]
        found = mesh.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)).multi_face_landmarks
        rig = report.setdefault(row["rig"], {"stills": 0, "faces": 0})
        rig["stills"] += 1
        if found:
            rig["faces"] += 1
            points = np.array([(p.x * width, p.y * height) for p in found[0].landmark])
            pair = (row["value"], openings(points)[row["sweep"]])
            seen.setdefault((row["rig"], row["sweep"]), []).append(pair)
    for (rig, sweep), pairs in seen.items():
        values, measured = np.array(pairs).T
        enough = len(pairs) > 2 and measured.std() > 0
        report[rig][sweep] = {
            "correlation": round(float(np.corrcoef(values, measured)[0, 1]), 4) if enough else 0.0,
            "opening": [round(float(m), 4) for m in measured],
        }
    return report


if __name__ == "__main__":
    json.dump(measure(Path(sys.argv[1])), sys.stdout, indent=1)
    print()
