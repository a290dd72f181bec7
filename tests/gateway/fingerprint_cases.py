# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to the character of `fingerprint_hero`, and ways of changing it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy
from fingerprint_hero import bone, face, rig, shape, shape_driver
from mathutils import Matrix
from small_scenes import body_action
from small_scenes import shape_action as key_shapes

Change = Callable[[], object]


def _set(get: Callable[[], Any], name: str, value: Any) -> Change:
    def change() -> None:
        holder = get()
        assert getattr(holder, name) != value, "the change must be one"
        setattr(holder, name, value() if callable(value) else value)

    return change


def _edit_bones(change: Callable[[Any], object]) -> Change:
    def run() -> None:
        bpy.context.view_layer.objects.active = rig()
        bpy.ops.object.mode_set(mode="EDIT")
        change(rig().data.edit_bones)
        bpy.ops.object.mode_set(mode="OBJECT")

    return run


def _all(*changes: Change) -> Change:
    return lambda: [change() for change in changes]


def _move_everything() -> None:
    """The armature and what hangs on nothing, as a person moves a whole selection."""
    move = Matrix.Translation((5.3, -2.1, 0.7)) @ Matrix.Rotation(0.8, 4, "Z")
    for obj in bpy.context.scene.objects:
        if obj.parent is None:
            obj.matrix_world = move @ obj.matrix_world


def _put_on_a_cart() -> None:
    cart = bpy.data.objects.new("cart", None)
    bpy.context.scene.collection.objects.link(cart)
    cart.location, cart.rotation_euler = (3.0, 1.0, 0.0), (0.0, 0.0, 1.0)
    rig().parent = cart
    rig().constraints.new("COPY_LOCATION").target = cart


def _pose() -> None:
    for each in rig().pose.bones:
        each.rotation_quaternion = (0.9, 0.2, 0.1, -0.3)
        each.location = (0.01, 0.0, 0.02)
    # a number of the kind it has
    bone("head")["smile"] = type(bone("head")["smile"])(2)
    for block in face().data.shape_keys.key_blocks:
        block.value = 0.4
    bpy.context.view_layer.update()


def _rename_objects() -> None:
    # so that the order of names turns round
    for number, obj in enumerate(sorted(bpy.data.objects, key=lambda o: o.name, reverse=True)):
        obj.name = f"{number} something"


def _rename_data() -> None:
    for number, data in enumerate([*bpy.data.meshes, *bpy.data.armatures, *bpy.data.shape_keys]):
        data.name = f"data {number}"


def _hide() -> None:
    for obj in bpy.context.scene.objects:
        obj.hide_viewport = obj.hide_render = True
        obj.hide_set(True)
    rig().data.bones["jaw"].hide = True
    for modifier in face().modifiers:
        modifier.show_viewport = False


def _pose_mode() -> None:
    bpy.context.view_layer.objects.active = rig()
    rig().select_set(True)
    bpy.ops.object.mode_set(mode="POSE")


def _dress() -> None:
    face().data.materials.append(bpy.data.materials.new("skin"))
    face().data.uv_layers.new(name="more")
    face().modifiers.new("Subdivision", "SUBSURF")
    face().vertex_groups.new(name="empty")
    face().vertex_groups["mask"].lock_weight = True


def _key_the_shot() -> None:
    body_action(rig())
    key_shapes(face())
    bone("head")["smile"] = 0.3
    bone("head").keyframe_insert('["smile"]', frame=3)
    bpy.context.scene.frame_set(22)


def _key_the_place() -> None:
    for frame, place in ((1, 0.0), (9, 2.0)):
        rig().location.x = place
        rig().keyframe_insert("location", frame=frame)
    bpy.context.scene.frame_set(5)


def _nla() -> None:
    action = body_action(rig())
    rig().animation_data.action = None
    rig().animation_data.nla_tracks.new().strips.new("walk", 1, action)


def _swap_constraints() -> None:
    constraints = bone("eye.R").constraints
    constraints.new("LIMIT_ROTATION")
    constraints.move(1, 0)


def _untwist() -> None:
    """Groups in another order, members in another order: the weights are the same."""
    weights = {g.name: [] for g in face().vertex_groups}
    names = list(weights)
    for vertex in face().data.vertices:
        for member in vertex.groups:
            weights[names[member.group]].append((vertex.index, member.weight))
    face().vertex_groups.clear()
    for name in reversed(names):
        group = face().vertex_groups.new(name=name)
        for index, weight in weights[name]:
            group.add([index], weight, "REPLACE")


def _hook() -> None:
    modifier = face().modifiers.new("Hook", "HOOK")
    modifier.object = bpy.data.objects["eye target"]
    modifier.vertex_indices_set([1, 4])


def _other_hook() -> None:
    _hook()
    face().modifiers["Hook"].vertex_indices_set([1, 5])


def _action_key(value: float) -> Change:
    def change() -> None:
        curve = next(iter(bpy.data.actions["arms"].layers[0].strips[0].channelbags[0].fcurves))
        curve.keyframe_points[2].co[1] = value

    return change


def _bow_point(spline: int, points: str) -> Change:
    def change() -> None:
        getattr(bpy.data.curves["bow"].splines[spline], points)[1].co[2] = 0.3

    return change


def _bend(handle: str) -> Change:
    def change() -> None:
        def edit(bones: Any) -> None:
            jaw = bones["jaw"]
            jaw.bbone_segments, jaw.bbone_handle_type_start = 3, "ABSOLUTE"
            jaw.bbone_custom_handle_start = bones[handle]

        _edit_bones(edit)()

    return change


def _new_target() -> None:
    other = bpy.data.objects.new("other", bpy.data.lattices.new("other"))
    bone("eye.L").constraints[0].target = other


#: What happens to a character in shots and files and is no change of the character.
SAME: dict[str, Change] = {
    "nothing": lambda: None,
    "posed": _pose,
    "keyed": _key_the_shot,
    "keyed in its place": _key_the_place,
    "NLA": _nla,
    "objects renamed": _rename_objects,
    "data renamed": _rename_data,
    "moved": _move_everything,
    "put on a cart": _put_on_a_cart,
    "hidden": _hide,
    "pose mode": _pose_mode,
    "rest position": _set(lambda: rig().data, "pose_position", "REST"),
    "dressed": _dress,
    "weights stored otherwise": _untwist,
    "rotation mode": _set(lambda: bone("jaw"), "rotation_mode", "XYZ"),
    "bone locked": _set(lambda: bone("jaw"), "lock_location", (True, True, True)),
    "bone shape": lambda: setattr(bone("jaw"), "custom_shape", bpy.data.objects["cage"]),
    "shape pinned": _set(face, "show_only_shape_key", True),
    "shape chosen": _set(face, "active_shape_key_index", 3),
    "shape locked": _set(lambda: shape("jawOpen"), "lock_shape", True),
    "target moved": _set(lambda: bpy.data.objects["eye target"], "location", (1, 2, 3)),
    "eyeball turned": _set(
        lambda: bpy.data.objects["eyeball"], "rotation_euler", (0.1, 0.0, 0.4)
    ),
    "constraint renamed": _set(lambda: bone("eye.L").constraints[0], "name", "look"),
    "constraint panel closed": _set(
        lambda: bone("eye.L").constraints[0], "show_expanded", False
    ),
    "property beside": lambda: rig().__setitem__("note", "mine"),
    "property described": lambda: (
        bone("head").id_properties_ui("smile").update(description="grin", soft_max=1.0)
    ),
    "driven value": _set(lambda: bone("eye.R").constraints[0], "influence", 0.9),
    "another light": lambda: bpy.context.scene.collection.objects.link(
        bpy.data.objects.new("sun", bpy.data.lights.new("sun", "SUN"))
    ),
}  # fmt: skip

#: Changes of the character, after which it has to be measured again.
OTHER: dict[str, Change] = {
    "vertex": lambda: face().data.vertices[3].co.__setitem__(0, 0.1001),
    "edge": lambda: face().data.edges.add(1),
    "vertices": lambda: face().data.vertices.add(1),
    "weight": lambda: face().vertex_groups["jaw"].add([1], 0.26, "REPLACE"),
    "weight removed": lambda: face().vertex_groups["jaw"].remove([1]),
    "weight of another group": lambda: face().vertex_groups["head"].add([1], 0.5, "REPLACE"),
    "group renamed": _set(lambda: face().vertex_groups["jaw"], "name", "chin"),
    "group deleted": lambda: face().vertex_groups.remove(face().vertex_groups["jaw"]),
    "shape": lambda: shape("jawOpen").data[4].co.__setitem__(2, 1.4),
    "shape added": lambda: face().shape_key_add(name="more"),
    "shape deleted": lambda: face().shape_key_remove(shape("jawOpen")),
    "shape renamed": _set(lambda: shape("jawOpen"), "name", "mouthOpen"),
    "shape relative": _set(
        lambda: shape("jawOpen"), "relative_key", lambda: shape("eyeBlinkLeft")
    ),
    "shape range": _set(lambda: shape("jawOpen"), "slider_max", 1.5),
    "shape range below": _set(lambda: shape("jawOpen"), "slider_min", -1.0),
    "shape group": _set(lambda: shape("jawOpen"), "vertex_group", "mask"),
    "shape muted": _set(lambda: shape("jawOpen"), "mute", True),
    "absolute shapes": _set(lambda: face().data.shape_keys, "use_relative", False),
    "eyeball's shape": lambda: (
        bpy.data.objects["eyeball"].data.shape_keys.key_blocks[1].data[2].co.__setitem__(0, 1.0)
    ),
    "modifier": _set(lambda: face().modifiers[0], "use_deform_preserve_volume", True),
    "modifier inverted": _set(lambda: face().modifiers[0], "vertex_group", "mask"),
    "modifier added": lambda: face().modifiers.new("Cast", "CAST"),
    "modifier removed": lambda: bpy.data.objects["teeth"].modifiers.remove(
        bpy.data.objects["teeth"].modifiers[1]
    ),
    "modifier's strength": _set(
        lambda: bpy.data.objects["teeth"].modifiers["Lattice"], "strength", 0.5
    ),
    "lattice": lambda: (
        bpy.data.objects["cage"].data.points[0].co_deform.__setitem__(0, -0.7)
    ),
    "curve": _bow_point(0, "bezier_points"),
    "curve's other spline": _bow_point(1, "points"),
    "hook": _hook,
    "hook on others": _other_hook,
    "bone moved": _edit_bones(lambda bones: setattr(bones["jaw"], "tail", (0, -0.09, 1.51))),
    "bone rolled": _edit_bones(lambda bones: setattr(bones["jaw"], "roll", 2.0)),
    "bone renamed": _edit_bones(lambda bones: setattr(bones["jaw"], "name", "chin")),
    "bone elsewhere": _edit_bones(lambda bones: setattr(bones["jaw"], "parent", bones["neck"])),
    "bone added": _edit_bones(lambda bones: setattr(bones.new("extra"), "tail", (0, 0, 1))),
    "bone deforms": _set(lambda: rig().data.bones["jaw"], "use_deform", False),
    "bone's scale": _set(lambda: rig().data.bones["jaw"], "inherit_scale", "NONE"),
    "bone bends": _set(lambda: rig().data.bones["jaw"], "bbone_segments", 4),
    "bone bends by one": _bend("head"),
    "bone bends by another": _bend("neck"),
    "constraint's action": _action_key(0.77),
    "reach limited": _set(lambda: bone("arm.R"), "use_ik_limit_x", True),
    "reach stiff": _set(lambda: bone("arm.R"), "ik_stiffness_z", 0.5),
    "constraint": lambda: bone("jaw").constraints.new("COPY_LOCATION"),
    "constraint removed": lambda: bone("eye.L").constraints.remove(
        bone("eye.L").constraints[0]
    ),
    "constraint's axis": _set(lambda: bone("eye.L").constraints[0], "track_axis", "TRACK_X"),
    "constraint's influence": _set(lambda: bone("eye.L").constraints[0], "influence", 0.5),
    "constraint's target": _new_target,
    "constraint's bone": _set(lambda: bone("eye.R").constraints[0], "subtarget", "head"),
    "constraint muted": _set(lambda: bone("eye.R").constraints[0], "mute", True),
    "constraints' order": _swap_constraints,
    "driver's expression": _set(
        lambda: shape_driver("mouthSmileLeft").driver, "expression", "v * 0.6"
    ),
    "driver's kind": _set(lambda: shape_driver("mouthSmileLeft").driver, "type", "AVERAGE"),
    "driver muted": _set(lambda: shape_driver("mouthSmileLeft"), "mute", True),
    "driver removed": lambda: shape("mouthSmileLeft").driver_remove("value"),
    "driver added": lambda: shape("jawOpen").driver_add("value"),
    "driver's curve": lambda: shape_driver("browInnerUp").keyframe_points.insert(0.5, 0.9),
    "driver's variable": _set(
        lambda: shape_driver("browInnerUp").driver.variables[0].targets[0],
        "transform_type",
        "ROT_Z",
    ),
    "driver's bone": _set(
        lambda: shape_driver("browInnerUp").driver.variables[0].targets[0], "bone_target", "head"
    ),
    "driver's path": _set(
        lambda: shape_driver("mouthSmileLeft").driver.variables[0].targets[0],
        "data_path",
        'pose.bones["head"]["frown"]',
    ),
    "driver's target": _set(
        lambda: shape_driver("browInnerUp").driver.variables[0].targets[0],
        "id",
        lambda: bpy.data.objects["teeth"],
    ),
    "rotation mode that is read": _set(lambda: bone("neck"), "rotation_mode", "XYZ"),
    "property's limits": lambda: bone("head").id_properties_ui("smile").update(max=1.0),
    "property's kind": lambda: bone("head").__setitem__("smile", 1),
    "scale": _set(rig, "scale", (2.0, 2.0, 2.0)),
    "teeth moved": _set(lambda: bpy.data.objects["teeth"], "location", (0.0, 0.004, -0.01)),
    "teeth turned": _set(lambda: bpy.data.objects["teeth"], "rotation_euler", (0.1, 0.0, 0.0)),
    "eyeball moved": _set(
        lambda: bpy.data.objects["eyeball"], "location", (0.03, -0.068, 0.0)
    ),
    "eyeball's bone": _set(lambda: bpy.data.objects["eyeball"], "parent_bone", "neck"),
    "teeth deleted": lambda: bpy.data.objects.remove(bpy.data.objects["teeth"]),
    "both": _all(_pose, lambda: face().data.vertices[3].co.__setitem__(0, 0.1001)),
}  # fmt: skip
