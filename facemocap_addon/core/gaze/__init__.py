# SPDX-License-Identifier: GPL-3.0-or-later
"""Where eyes look in a take, and how a character's controls turn its eyeballs there."""
