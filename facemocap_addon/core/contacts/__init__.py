# SPDX-License-Identifier: GPL-3.0-or-later
"""Where lids and lips touch: measured on a character's own mesh, kept frame by frame.

`margins` finds the edges of the eye openings and of the mouth, `gaps` measures what is between
them, `captured` says what the take wants closed, `closing` finds how much of the character's own
controls that takes.
"""
