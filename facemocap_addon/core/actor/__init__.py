# SPDX-License-Identifier: GPL-3.0-or-later
"""What belongs to an actor: the range of motion, and example pairs with a character's poses."""
