# SPDX-License-Identifier: GPL-3.0-or-later
"""A look at the sample faces by a face tracker that knows nothing about this project.

`python -m devtools.face_check --track-python PATH` renders front stills of the characters while
their eyes shut and their mouths open, has MediaPipe's face mesh measure them in its own
environment, and compares what it saw with what was set.
"""
