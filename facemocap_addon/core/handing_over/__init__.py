# SPDX-License-Identifier: GPL-3.0-or-later
"""Files for other programs: what must be in them, and what is in them when they are read back."""
