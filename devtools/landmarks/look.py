# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks of stills by MediaPipe's face mesh; runs as a script in an environment without bpy.

`python look.py STILLS.json` prints one JSON document: the tracker, and for each still 478 points
(x, y in pixels, z in pixels away from the camera).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import cv2  # pyright: ignore[reportMissingImports]
import mediapipe as mp  # pyright: ignore[reportMissingImports]


def look(manifest: Path) -> dict[str, Any]:
    """Landmarks of every still; a still without a face is an error."""
    stills = json.loads(manifest.read_text(encoding="utf-8"))
    points: dict[str, list[list[float]]] = {}
    for name, file in stills.items():
        image = cv2.imread(str(manifest.parent / file))
        height, width = image.shape[:2]
        # a new one for each: nothing is carried over from the still before
        with mp.solutions.face_mesh.FaceMesh(
            static_image_mode=True, refine_landmarks=True, max_num_faces=1
        ) as mesh:
            found = mesh.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)).multi_face_landmarks
        if not found:
            raise SystemExit(f"MediaPipe finds no face on {file}")
        points[name] = [
            [round(p.x * width, 3), round(p.y * height, 3), round(p.z * width, 3)]
            for p in found[0].landmark
        ]
    return {"tracker": f"mediapipe {mp.__version__} face mesh", "points": points}


if __name__ == "__main__":
    json.dump(look(Path(sys.argv[1])), sys.stdout)
