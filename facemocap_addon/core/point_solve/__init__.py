# SPDX-License-Identifier: GPL-3.0-or-later
"""Tracked points onto a character: from a take of markers or landmarks to its own controls.

`performing` takes the head's motion off the points, `neutral_face` finds the actor's face at rest,
`unknowns` says what the character can do at the points (and how far), `range_fit` how far the actor
goes beyond that; `solving` puts them together, `outcome` is what comes out: a take of the
character's own controls, the rig map that plays it, and how well it fits. `refining` solves a part
of it again.
"""
