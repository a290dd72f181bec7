# SPDX-License-Identifier: GPL-3.0-or-later
"""Which place on a character's face each tracked point of an actor's face is.

`features` finds the anatomical places of the character, `naming` tells which of them the points of
a take are, `placing` fits the actor's neutral face to the character and puts every point on its
skin, `bases` says how controls move the points there.
"""
