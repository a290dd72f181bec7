# SPDX-License-Identifier: GPL-3.0-or-later
"""What bones express: each channel's motion put together from few bones, each by its own amount."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np

from ..arrays import BoolArray, FloatArray
from ..controls import BONE, Control
from .descriptor import EYES, LENGTH, NODES, Describer
from .face_frame import FaceFrame
from .reference import reference_motions, side_of
from .scan import Motion, Scan
from .solvers import fit_nonnegative

#: Share of a channel's motion that bones must reproduce.
LEAST_EXPLAINED = 0.25
#: A further bone must explain this share of a channel; half of it where both sides move, for its
#: partner adds the rest.
LEAST_GAIN = {"L": 0.04, "R": 0.04, "C": 0.02}
#: Bone components that make up a channel of one side, and of both.
MOST = {"L": 5, "R": 5, "C": 8}
#: Share of a bone's own motion that must lie where the channel moves the face.
INSIDE_CHANNEL = 0.5
#: A place moves when it goes this share of the largest displacement.
MOVES = 0.08
#: What a shift of a bone counts against a turn, and a constrained bone against a free one.
SHIFT_WORTH, CONSTRAINED_WORTH = 0.8, 0.9
#: Largest multiple of the measured amount.
FARTHEST = 4.0
#: Shares of the head's rotation from the lowest neck bone up to the head.
HEAD_SHARES = {1: (1.0,), 2: (0.35, 0.65), 3: (0.2, 0.3, 0.5)}
#: A neck bone begins within this many eye distances from the eyes.
NECK_REACH = 3.6
#: Confidence in neck and head, which are told by what hangs on them.
HEAD_CONFIDENCE = 0.9


@dataclass(frozen=True)
class Share:
    """One bone component's part in a channel: its value at channel value 1."""

    control: Control
    channel: str
    gain: float
    confidence: float


def recognise_bones(
    scan: Scan, describer: Describer, expressed: Set[str], eyes_by_shape: Set[str]
) -> list[Share]:
    """Parts of bones in all channels that they can express.

    Parameters
    ----------
    scan : Scan
    describer : Describer
    expressed : set of str
        Channels that shape keys or properties express; bones do not repeat them.
    eyes_by_shape : set of str
        Of these the eyeLook channels whose shapes turn the eyeball itself; where they only move
        lids, bones still turn the eyes.
    """
    frame = describer.frame
    motions = [m for m in scan.motions if m.control.kind == BONE and frame.is_local(m)]
    out: list[Share] = []
    if motions:
        table = np.stack([describer.describe([motion]) for motion in motions])
        sides = np.array([side_of(row) for row in table])
        reference, known = reference_motions()
        mask = known.copy()
        mask[: 3 * NODES] &= np.repeat(describer.covered, 3)
        for channel, target in reference.items():
            wanted = mask
            if channel in expressed:
                if not channel.startswith("eyeLook") or channel in eyes_by_shape:
                    continue
                wanted = np.zeros(LENGTH, np.bool_)
                wanted[EYES] = True
            out += _put_together(channel, target, wanted, table, sides, motions)
    return out + _head(scan, frame)


def _put_together(
    channel: str,
    target: FloatArray,
    mask: BoolArray,
    table: FloatArray,
    sides: FloatArray,
    motions: Sequence[Motion],
) -> list[Share]:
    """Few bones whose sum comes nearest to a channel: matching pursuit, none below nought."""
    goal = target * mask
    total = float(goal @ goal)
    if total == 0.0:
        return []
    side = side_of(target)
    own = (table**2).sum(axis=1)
    inside = ((table * _where(target)) ** 2).sum(axis=1)
    allowed = (own > 0) & (inside >= INSIDE_CHANNEL * own)
    allowed &= ~np.isin(sides, {"L": ["R"], "R": ["L"], "C": []}[side])
    columns = table * mask
    length = np.linalg.norm(columns, axis=1)
    allowed &= length > 1e-9
    liking = np.array([_liking(motion.control) for motion in motions])
    chosen: list[int] = []
    amounts = np.zeros(0)
    rest, explained = goal, 0.0
    for _ in range(MOST[side]):
        worth = np.where(allowed, liking * (columns @ rest) / np.maximum(length, 1e-12), 0.0)
        best = int(np.argmax(worth))
        if worth[best] <= 0 or best in chosen:
            break
        trial = [*chosen, best]
        solved = np.minimum(fit_nonnegative(columns[trial].T, goal), FARTHEST)
        left = goal - solved @ columns[trial]
        now = 1.0 - float(left @ left) / total
        if now - explained < LEAST_GAIN[side]:
            break
        chosen, amounts, rest, explained = trial, solved, left, now
    if explained < LEAST_EXPLAINED:
        return []
    confidence = round(float(np.sqrt(min(explained, 1.0))), 3)
    return [
        Share(motions[row].control, channel, float(amount * motions[row].amount), confidence)
        for row, amount in zip(chosen, amounts, strict=True)
        if amount > 1e-3
    ]


def _liking(control: Control) -> float:
    turn = 1.0 if control.is_rotation else SHIFT_WORTH
    return turn * (CONSTRAINED_WORTH if control.constrained else 1.0)


def _where(target: FloatArray) -> FloatArray:
    """Parts of a descriptor where a channel moves the face; turns and the inside count."""
    skin = np.linalg.norm(target[: 3 * NODES].reshape(-1, 3), axis=1)
    out = np.ones(LENGTH)
    out[: 3 * NODES] = np.repeat(skin > MOVES * max(float(skin.max()), 1e-12), 3)
    out[EYES] = np.repeat(np.abs(target[EYES].reshape(2, 3)).max(axis=1) > 0, 3)
    return out


def _head(scan: Scan, frame: FaceFrame) -> list[Share]:
    """The head's rotation on the last bone that turns the whole face, and the neck below it."""
    whole: dict[str, list[Motion]] = {}
    for motion in scan.motions:
        control = motion.control
        turns = control.kind == BONE and control.is_rotation and motion.amount > 0
        if turns and frame.face[motion.rows].sum() and not frame.is_local(motion):
            whole.setdefault(control.name, []).append(motion)
    if not whole:
        return []
    name = min(whole, key=lambda n: (max(len(m.rows) for m in whole[n]), -_depth(scan, n), n))
    chain = [name]
    while len(chain) < max(HEAD_SHARES):
        parent = scan.bones[chain[0]].parent
        if parent not in whole:
            break
        away = np.linalg.norm(np.array(scan.bones[parent].at) - frame.origin)
        if away > NECK_REACH * frame.eye_distance_m:
            break
        chain.insert(0, parent)
    out: list[Share] = []
    for bone, share in zip(chain, HEAD_SHARES[len(chain)], strict=True):
        for motion in whole[bone]:
            axis = _axis(motion, frame)
            # signs: see rotations.head_vectors
            for channel, gain in zip(
                ("headYaw", "headPitch", "headRoll"), axis[[1, 0, 2]], strict=True
            ):
                signed = share * float(gain if channel == "headYaw" else -gain)
                if abs(signed) > 0.02:
                    rounded = round(signed, 6)
                    out.append(Share(motion.control, channel, rounded, HEAD_CONFIDENCE))
    return out


def _axis(motion: Motion, frame: FaceFrame) -> FloatArray:
    """Unit axis ``(3,)`` in the frame about which a bone turns the face at a positive value."""
    inside = frame.face[motion.rows]
    places = frame.plain[motion.rows][inside]
    moved = frame.turned(motion.moved)[inside]
    arms = places - places.mean(axis=0)
    moved = moved - moved.mean(axis=0)
    square = (arms**2).sum()
    turn = np.linalg.solve(square * np.eye(3) - arms.T @ arms, np.cross(arms, moved).sum(axis=0))
    return turn / max(float(np.linalg.norm(turn)), 1e-12)


def _depth(scan: Scan, name: str) -> int:
    depth = 0
    while scan.bones[name].parent in scan.bones:
        name = scan.bones[name].parent
        depth += 1
    return depth
