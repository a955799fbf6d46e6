"""One person of Anny in a T pose, cut into segments."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from motionrecon.body.anny.landmarks import landmark_points
from motionrecon.body.anny.segments import INDEX, MIDDLE, SEGMENTS, SIDED, TREE
from motionrecon.body.anny.source import Figure
from motionrecon.body.mesh.cut import cut
from motionrecon.body.mesh.moments import Parts, moved
from motionrecon.body.mesh.soles import under_foot
from motionrecon.body.mesh.template import Template, carrier_of, foremost
from motionrecon.core import landmarks
from motionrecon.core.sides import OUTWARDS, SIDES, split


def template_of(figure: Figure) -> Template:
    """Somebody of Anny, cut into segments and put into the T pose."""
    weights = _weights(figure)
    centres = _centres(figure)
    turns = _turns(figure, centres)
    origins = np.zeros_like(centres)
    for s, p in enumerate(TREE.parents[1:], start=1):
        origins[s] = origins[p] + turns[p] @ (centres[s] - centres[p])
    shifts = origins - np.einsum("sij,sj->si", turns, centres)
    owner = weights.argmax(1)
    feet = {s: np.flatnonzero(np.isin(owner, (INDEX[f"{s}_foot"], INDEX[f"{s}_toes"]))) for s in SIDES}
    points = landmark_points(figure, figure.vertices, np.flatnonzero(owner == INDEX["head"]), feet)
    carried = np.array([INDEX[carrier_of(name)] for name in landmarks.NAMES])
    at_rest = np.array([points[name] for name in landmarks.NAMES])
    order, kept = foremost(weights)
    vertices = _straightened(figure.vertices, order, kept, turns, shifts)
    part = cut(TREE, weights, vertices, figure.faces, origins)
    whole = Parts.of(figure.faces, part, TREE.parents).moments(figure.vertices)
    marked = np.einsum("pij,pj->pi", turns[carried], at_rest) + shifts[carried]
    at = dict(zip(landmarks.NAMES, marked, strict=True))
    soles = [
        under_foot(origins[INDEX[f"{side}_foot"]], at[f"{side}_heel"], at[f"{side}_foot_index"], sign, low)
        for side, sign in OUTWARDS.items()
        for low in [float(vertices[feet[side], 2].min())]
    ]
    return Template(
        tree=TREE,
        origins=origins,
        vertices=vertices,
        faces=figure.faces,
        segments=order,
        weights=kept,
        moments=moved(whole, turns, shifts - origins),
        landmarks=marked,
        soles=np.concatenate(soles),
        capsules=np.zeros((len(SEGMENTS), 2, 3)),
        radii=np.zeros(len(SEGMENTS)),
    )


def _weights(figure: Figure) -> Float[np.ndarray, "V S"]:
    """How much each vertex follows each segment."""

    def segment(bone: str) -> int:
        stem, _, letter = bone.partition(".")
        side = {"L": "left_", "R": "right_"}.get(letter, "")
        for name, part in SIDED.items():
            if side and stem.startswith(part.bones):
                return INDEX[f"{side}{name}"]
        return next(INDEX[name] for name, part in MIDDLE.items() if stem.startswith(part.bones))

    weights = figure.shares(np.array([segment(bone) for bone in figure.bones]), len(SEGMENTS))
    for side in SIDES:
        _twist(figure, weights, side)
    return weights


def _twist(figure: Figure, weights: Float[np.ndarray, "V S"], side: str) -> None:
    """Let the forearm's skin follow the radius more and more from the elbow to the wrist, as it turns with it."""
    bones, letter = figure.head_of, side[0].upper()
    elbow, wrist = bones[f"lowerarm01.{letter}"], bones[f"wrist.{letter}"]
    axis = (wrist - elbow) / np.sum((wrist - elbow) ** 2)
    along = np.clip((figure.vertices - elbow) @ axis, 0.0, 1.0)
    both = [INDEX[f"{side}_forearm"], INDEX[f"{side}_radius"]]
    total = weights[:, both].sum(1)
    weights[:, both[0]], weights[:, both[1]] = total * (1.0 - along), total * along


def _centres(figure: Figure) -> Float[np.ndarray, "S 3"]:
    """The centres of the joints in Anny's own pose."""
    heads = figure.head_of

    def centre(name: str) -> Float[np.ndarray, " 3"]:
        side, part = split(name)
        bones = (SIDED if side else MIDDLE)[part].centre
        return np.asarray(np.mean([heads[f"{bone}.{side[0].upper()}" if side else bone] for bone in bones], axis=0))

    return np.array([centre(name) for name in SEGMENTS])


def _turns(figure: Figure, centres: Float[np.ndarray, "S 3"]) -> Float[np.ndarray, "S 3 3"]:
    """How each segment turns from Anny's own pose to the T pose: its frame becomes parallel to the world's.

    Elbows are bent in Anny's pose, which tells how they bend. Where the palm looks is told by the knuckles.
    """
    turns = np.tile(np.eye(3), (len(SEGMENTS), 1, 1))
    for side, sign in OUTWARDS.items():
        at = {name: centres[INDEX[f"{side}_{name}"]] for name in SIDED}
        letter = side[0].upper()
        knuckle = {i: figure.head_of[f"finger{i}-1.{letter}"] for i in (2, 3, 5)}
        upper, fore = at["forearm"] - at["upper_arm"], at["hand"] - at["forearm"]
        bend = np.cross(upper, fore)
        reach, across = knuckle[3] - at["hand"], knuckle[2] - knuckle[5]
        tread = at["toes"] - at["foot"]
        turns[INDEX[f"{side}_upper_arm"]] = _frame("y", sign * upper, "z", -sign * bend)
        turns[INDEX[f"{side}_forearm"]] = _frame("y", sign * fore, "z", -sign * bend)
        turns[INDEX[f"{side}_radius"]] = _frame("y", sign * fore, "x", across)
        turns[INDEX[f"{side}_hand"]] = _frame("y", sign * reach, "x", across)
        turns[INDEX[f"{side}_thigh"]] = _frame("z", at["thigh"] - at["shank"], "y", np.eye(3)[1])
        turns[INDEX[f"{side}_shank"]] = _frame("z", at["shank"] - at["foot"], "y", np.eye(3)[1])
        for name in ("foot", "toes"):
            turns[INDEX[f"{side}_{name}"]] = _frame("z", np.eye(3)[2], "x", tread)
    return turns


def _frame(first: str, a: Float[np.ndarray, " 3"], second: str, b: Float[np.ndarray, " 3"]) -> Float[np.ndarray, "3 3"]:
    """The rotation into the frame with the first of two axes where it is given, and the second as near as can be."""
    i, j = "xyz".index(first), "xyz".index(second)
    rows = np.zeros((3, 3))
    rows[i] = a / np.linalg.norm(a)
    b = b - (b @ rows[i]) * rows[i]
    rows[j] = b / np.linalg.norm(b)
    k = 3 - i - j
    rows[k] = np.cross(rows[(k + 1) % 3], rows[(k + 2) % 3])
    return rows


def _straightened(
    vertices: Float[np.ndarray, "V 3"],
    segments: Int[np.ndarray, "V k"],
    weights: Float[np.ndarray, "V k"],
    turns: Float[np.ndarray, "S 3 3"],
    shifts: Float[np.ndarray, "S 3"],
) -> Float[np.ndarray, "V 3"]:
    """The skin in the T pose from which linear blending, back in Anny's own pose, makes Anny's skin again.

    That pose is half way to arms that hang, in which people mostly are: the skin is good there.
    """
    back = turns.transpose(0, 2, 1)
    blended = np.einsum("vk,vkij->vij", weights, back[segments])
    moved_back = np.einsum("vk,vki->vi", weights, np.einsum("sij,sj->si", back, shifts)[segments])
    return np.asarray(np.linalg.solve(blended, (vertices + moved_back)[..., None])[..., 0])
