# SPDX-License-Identifier: GPL-3.0-or-later
"""How far each control of a face has to go for each channel, measured and solved.

`levers` are the controls that may take part and what they move; `space` says in which numbers a
face's motion is compared, `goals` what each channel should look like in them; `solve` finds few
bounded amounts, `refine` corrects them on the real, nonlinear rig; `result` is what comes out.
"""
