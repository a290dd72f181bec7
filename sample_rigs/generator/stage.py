# SPDX-License-Identifier: GPL-3.0-or-later
"""The scene round a character: camera, three soft lights, a plain background, render settings."""

from __future__ import annotations

import math

import bpy
from mathutils import Vector

LENS_MM = 85.0
SENSOR_MM = 36.0
FRAME_M = 0.275
"""Width and height that the camera sees at the face."""

# Lights: name, place (m), power (W), size (m), colour.
_LIGHTS = (
    ("Key", (0.50, -0.85, 0.45), 9.0, 0.45, (1.0, 0.96, 0.90)),
    ("Fill", (-0.85, -0.65, 0.05), 3.4, 0.70, (0.88, 0.94, 1.0)),
    ("Rim", (-0.45, 0.75, 0.50), 7.0, 0.40, (0.95, 0.97, 1.0)),
    ("Rim right", (0.65, 0.60, 0.15), 2.0, 0.30, (1.0, 1.0, 1.0)),
)
_BACKGROUND = (0.30, 0.33, 0.37, 1.0)
_BACKGROUND_STRENGTH = 0.6


def _aim(ob: bpy.types.Object, target: Vector) -> None:
    ob.rotation_euler = (target - ob.location).to_track_quat("-Z", "Y").to_euler()


def build_stage(scene: bpy.types.Scene, centre: tuple[float, float, float]) -> None:
    """Fill an empty scene; `centre` (m) is the middle of the face."""
    stage = bpy.data.collections.new("stage")
    scene.collection.children.link(stage)
    target = Vector(centre)
    for name, place, watts, size, colour in _LIGHTS:
        light = bpy.data.lights.new(name, "AREA")
        light.energy, light.size, light.color = watts, size, colour
        ob = bpy.data.objects.new(name, light)
        ob.location = place
        _aim(ob, target)
        stage.objects.link(ob)
    camera = bpy.data.cameras.new("Camera")
    camera.lens, camera.sensor_width, camera.clip_start = LENS_MM, SENSOR_MM, 0.01
    ob = bpy.data.objects.new("Camera", camera)
    ob.location = target + Vector((0, -FRAME_M * LENS_MM / SENSOR_MM, 0))
    ob.rotation_euler = (math.pi / 2, 0, 0)
    stage.objects.link(ob)
    scene.camera = ob

    world = bpy.data.worlds.new("Studio")
    world.use_nodes = True
    background = world.node_tree.nodes["Background"]
    background.inputs[0].default_value = _BACKGROUND
    background.inputs[1].default_value = _BACKGROUND_STRENGTH
    scene.world = world

    scene.render.fps, scene.render.fps_base = 24, 1.0
    scene.render.engine = "CYCLES"
    scene.cycles.device = "CPU"
    scene.cycles.samples = 8
    scene.cycles.use_denoising = False
    scene.cycles.max_bounces = 4
    scene.cycles.use_adaptive_sampling = False
    scene.render.resolution_x = scene.render.resolution_y = 512
    scene.render.filepath = "//stills/"
    scene.view_settings.view_transform = "Standard"
