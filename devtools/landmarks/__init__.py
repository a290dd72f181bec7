# SPDX-License-Identifier: GPL-3.0-or-later
"""How MediaPipe's face landmarks move with each shape of the sample head.

`python -m devtools.landmarks --track-python PATH` renders the sample head neutral and with each
shape at 1, has MediaPipe find its landmarks on the stills, casts those of the neutral face onto the
mesh and keeps where they are (`sample_rigs/landmark_hits.json`). From that alone, without
MediaPipe, `--from-hits` makes `facemocap_addon/data/landmark_basis.npz`.
"""
