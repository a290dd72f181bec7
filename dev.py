#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The door to this project: python dev.py demo, rigs, test, lint, bench, fuzz, samples, faces, ...

Needs nothing but Python. The first command makes an environment with Blender's Python package in
.venv; the logic is in devtools/.
"""

import sys

if sys.version_info < (3, 9):
    sys.exit("dev.py: this Python is too old. Run dev.py with Python 3.9 or newer.")

if __name__ == "__main__":
    sys.dont_write_bytecode = True
    from devtools.door import main

    sys.exit(main(sys.argv[1:]))
