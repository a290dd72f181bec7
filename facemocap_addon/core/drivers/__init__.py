# SPDX-License-Identifier: GPL-3.0-or-later
"""Controls that drivers move: what answers to what, and which ones a person keys instead."""
