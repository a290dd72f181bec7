# SPDX-License-Identifier: GPL-3.0-or-later
"""Where eyes dart, rest and follow: found, held still, sharpened and edited dart by dart."""
