# SPDX-License-Identifier: GPL-3.0-or-later
"""How brows, jaw, smile and cheeks come and go: found, shaped and edited one by one."""
