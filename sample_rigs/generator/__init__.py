# SPDX-License-Identifier: GPL-3.0-or-later
"""Generator of the sample characters: faces built from numbers alone.

Work units are millimetres, x = the character's left, y = up, z = forward, with the origin
between the pupils' height line and the plane of the ear axis. Only `export` and what it calls
know Blender, where the same face is in metres, z up, looking along -y.

The order of construction, one module per step:

`distance`, `form`      the head as a signed-distance sculpture
`cage`, `skin`          a hand-laid cage of quads, subdivided and relaxed on that form
`lids`, `lips`, `openings`   the eye, mouth, nostril and ear patches that fill its holes
`mesh`                  the books kept on the way, and the mirror image
`fields`, `jaw`, `keys_*`    weights over the mesh and the 52 shapes made from them
`eyeball`, `teeth`, `trim`, `hair`   the separate objects
`styles`                smooth warps of space that turn one face into another
`bones`, `blends`, `facs`    what moves the four characters
`materials`, `stage`, `export`, `build`   Blender
"""
