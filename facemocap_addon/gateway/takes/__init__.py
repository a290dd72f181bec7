# SPDX-License-Identifier: GPL-3.0-or-later
"""What plays on characters, run again; takes read back from them."""
