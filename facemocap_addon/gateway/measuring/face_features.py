# SPDX-License-Identifier: GPL-3.0-or-later
"""The anatomical places of a character in the open file, and its skin to put points on."""

from __future__ import annotations

import bpy
import numpy as np

from ...core.contacts.face_contacts import FaceContacts, contacts_from_json
from ...core.contacts.margins import Opening
from ...core.correspondence.features import FoundFace, find_features
from ...core.measured import Measured
from ...core.probing.scan import Scan
from ...core.progress import Job, Progress
from ..characters.characters import CharacterObjects, read_character
from ..probing.probe_copy import Ruler, standin
from ..probing.probing import scan_character


def find_face_features(
    picked: CharacterObjects,
    scene: bpy.types.Scene,
    measured: Measured,
    scan: Scan | None = None,
) -> Job[FoundFace]:
    """Where the anatomical places of a character's face are.

    Parameters
    ----------
    picked : CharacterObjects
    scene : Scene
    measured : Measured
        What each of its controls is, and where its lids and lips are.
    scan : Scan, optional
        Where each control takes the face; measured once more if it is not given.

    Raises
    ------
    FacemocapError
        When the character has no face, or the file is undone or closed meanwhile.
    """
    if scan is None:
        scan = yield from scan_character(picked, scene)
    yield Progress(0.9, "Finding the places of the face")
    with standin(picked, scene, read_character(picked, scene).controls) as copy:
        triangles = Ruler(copy).triangles()
    openings = None
    if measured.contacts is not None:
        openings = openings_in(contacts_from_json(measured.contacts), scan)
    return find_features(scan, triangles, measured.probe.entries, openings)


def openings_in(contacts: FaceContacts, scan: Scan) -> dict[str, Opening] | None:
    """Edges of lids and lips by the points of a scan; None where meshes are called otherwise."""
    if any(mesh not in scan.meshes for mesh in contacts.meshes):
        return None
    starts = np.array([scan.meshes[mesh][0] for mesh in contacts.meshes])
    numbers = starts[contacts.vertices[:, 0]] + contacts.vertices[:, 1]
    return {name: opening.renumbered(numbers) for name, opening in contacts.openings.items()}
