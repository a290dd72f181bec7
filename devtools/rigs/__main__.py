# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the sheet and end the process: the bpy 4.5 package hangs at exit after a Python driver."""

import os
import sys

from .main import main

if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
