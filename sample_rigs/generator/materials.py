# SPDX-License-Identifier: GPL-3.0-or-later
"""Materials of the characters, Principled unless noted."""

from __future__ import annotations

from dataclasses import dataclass, field

import bpy

from .colour import SKIN
from .styles import Colour, Style


@dataclass(frozen=True)
class Look:
    """Base colour (linear; None = the vertex colours), roughness and further inputs."""

    colour: Colour | None
    roughness: float
    inputs: dict[str, float] = field(default_factory=dict)


COLOUR_LAYER = "Col"

LOOKS = {
    "skin": Look(None, 0.48, {"Subsurface Weight": 0.08, "Subsurface Scale": 0.004}),
    "rim": Look(None, 0.3),
    "mouth": Look((0.22, 0.035, 0.035), 0.5),
    "nostril": Look((0.06, 0.018, 0.014), 0.8),
    "eye_white": Look((0.80, 0.77, 0.74), 0.15, {"Coat Weight": 0.6}),
    "eye_iris": Look((0.075, 0.16, 0.19), 0.7, {"Specular IOR Level": 0.1}),
    "eye_iris_in": Look((0.16, 0.22, 0.17), 0.7, {"Specular IOR Level": 0.1}),
    "eye_limbus": Look((0.045, 0.06, 0.065), 0.4),
    "eye_pupil": Look((0.003, 0.003, 0.003), 0.9, {"Specular IOR Level": 0.0}),
    "eye_cornea": Look((1.0, 1.0, 1.0), 0.03),
    "teeth": Look((0.80, 0.76, 0.66), 0.2),
    "gum": Look((0.50, 0.15, 0.14), 0.35),
    "tongue": Look((0.60, 0.20, 0.18), 0.4),
    "hair": Look((0.055, 0.030, 0.018), 0.55),
    "lash": Look((0.012, 0.009, 0.008), 0.7),
}


def _clear(material: bpy.types.Material, look: Look) -> None:
    """Mostly transparent with a mirror's highlight: the cornea."""
    tree = material.node_tree
    tree.nodes.clear()
    out = tree.nodes.new("ShaderNodeOutputMaterial")
    mix = tree.nodes.new("ShaderNodeMixShader")
    clear = tree.nodes.new("ShaderNodeBsdfTransparent")
    gloss = tree.nodes.new("ShaderNodeBsdfAnisotropic")
    weight = tree.nodes.new("ShaderNodeLayerWeight")
    weight.inputs["Blend"].default_value = 0.40
    gloss.inputs["Roughness"].default_value = look.roughness
    tree.links.new(weight.outputs["Fresnel"], mix.inputs[0])
    tree.links.new(clear.outputs[0], mix.inputs[1])
    tree.links.new(gloss.outputs[0], mix.inputs[2])
    tree.links.new(mix.outputs[0], out.inputs["Surface"])
    for i, node in enumerate((clear, gloss, weight, mix, out)):
        node.location = (-600 + 200 * i, 0)
    material.diffuse_color = (1.0, 1.0, 1.0, 0.06)
    material.surface_render_method = "BLENDED"


def material(name: str, prefix: str, style: Style) -> bpy.types.Material:
    """The material PREFIX_NAME, made when it does not exist yet."""
    full = f"{prefix}_{name}"
    found = bpy.data.materials.get(full)
    if found is not None:
        return found
    look = LOOKS[name]
    made = bpy.data.materials.new(full)
    made.use_nodes = True
    if name == "eye_cornea":
        _clear(made, look)
        return made
    tree = made.node_tree
    shader = tree.nodes["Principled BSDF"]
    shader.inputs["Roughness"].default_value = look.roughness
    for key, value in look.inputs.items():
        shader.inputs[key].default_value = value
    colour = style.colours.get(name, look.colour)
    if colour is None:
        layer = tree.nodes.new("ShaderNodeVertexColor")
        layer.layer_name = COLOUR_LAYER
        layer.location = (-300, 200)
        tree.links.new(layer.outputs["Color"], shader.inputs["Base Color"])
        shade = tuple(min(1.0, a * b) for a, b in zip(SKIN, style.skin, strict=True))
        made.diffuse_color = (*shade, 1.0)
    else:
        shader.inputs["Base Color"].default_value = (*colour, 1.0)
        made.diffuse_color = (*colour, 1.0)
    return made
