"""One person of Anny in a T pose, cut into segments: all that a model of them is made of, at any lengths of limbs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from motionrecon.body.anny.landmarks import landmark_points
from motionrecon.body.anny.moments import moments, moved
from motionrecon.body.anny.segments import ARM, LEG, MIDDLE, SIDED
from motionrecon.body.anny.source import Figure
from motionrecon.core import landmarks
from motionrecon.core.sides import OUTWARDS, SIDES, split

#: The segments' names, the bodies of the model in MuJoCo's order: a segment's whole subtree before its next sibling.
SEGMENTS: tuple[str, ...] = (
    *MIDDLE,
    *(f"{side}_{name}" for limb in (ARM, LEG) for side in SIDES for name in limb),
)
INDEX = {name: i for i, name in enumerate(SEGMENTS)}
#: The joint that carries each landmark: the segment's name without its side.
_CARRIER = {
    "shoulder": "upper_arm",
    "elbow": "forearm",
    "wrist": "hand",
    "pinky": "hand",
    "index": "hand",
    "thumb": "hand",
    "hip": "thigh",
    "knee": "shank",
    "ankle": "foot",
    "heel": "foot",
    "foot_index": "toes",
}
#: How steeply the plane rises outwards at which the thigh is cut from the pelvis.
RISE = 0.75
#: Segments that a vertex follows at most: as many as glTF and game engines take.
MOST = 4


def parent_of(name: str) -> str | None:
    """The segment that carries another; None for the pelvis."""
    side, part = split(name)
    carrier = (SIDED if side else MIDDLE)[part].parent
    return f"{side}_{carrier}" if carrier in SIDED else carrier


PARENTS: tuple[int, ...] = tuple(-1 if (p := parent_of(name)) is None else INDEX[p] for name in SEGMENTS)


@dataclass(frozen=True, eq=False)  # what follows from one is looked up by which it is
class Template:
    """A person in the T pose, middle of the hips at the origin; x forward, y left, z up, metres.

    Attributes:
        origins: (S, 3) the centres of the joints that carry the segments.
        vertices: (V, 3) of the skin.
        faces: (F, 3) counter-clockwise seen from outside.
        segments: (V, k) the segments that a vertex follows.
        weights: (V, k) how much it follows each.
        moments: (S, 4, 4) volume, first and second moments of the segments about their origins (`moments`).
        landmarks: (33, 3) in the order of `motionrecon.core.landmarks`.
        soles: heights of the soles of the left and the right foot.
        capsules: (S, 2, 3) ends of the axes of capsules that fill the segments, in their frames.
        radii: (S,) of these capsules; 0 where there is none.
    """

    origins: Float[np.ndarray, "S 3"]
    vertices: Float[np.ndarray, "V 3"]
    faces: Int[np.ndarray, "F 3"]
    segments: Int[np.ndarray, "V k"]
    weights: Float[np.ndarray, "V k"]
    moments: Float[np.ndarray, "S 4 4"]
    landmarks: Float[np.ndarray, "33 3"]
    soles: Float[np.ndarray, " 2"]
    capsules: Float[np.ndarray, "S 2 3"]
    radii: Float[np.ndarray, " S"]

    def scaled(self, factor: float) -> Template:
        """The person, so many times as large."""
        lengths = ("origins", "vertices", "landmarks", "soles", "capsules", "radii")
        count = len(self.origins)
        grown = moved(self.moments, np.tile(factor * np.eye(3), (count, 1, 1)), np.zeros((count, 3)))
        return replace(self, moments=grown, **{name: factor * getattr(self, name) for name in lengths})

    def own(self, name: str) -> Float[np.ndarray, "n 3"]:
        """The vertices that follow a segment more than others, in its frame."""
        mine = np.take_along_axis(self.segments, self.weights.argmax(1)[:, None], axis=1)[:, 0] == INDEX[name]
        return np.asarray(self.vertices[mine] - self.origins[INDEX[name]])


def carrier_of(landmark: str) -> str:
    """The segment that carries a landmark."""
    side, part = split(landmark)
    return f"{side}_{_CARRIER[part]}" if part in _CARRIER else "head"


def template_of(figure: Figure) -> Template:
    """Somebody of Anny, cut into segments and put into the T pose."""
    weights = _weights(figure)
    centres = _centres(figure)
    turns = _turns(figure, centres)
    origins = np.zeros_like(centres)
    for s, p in enumerate(PARENTS[1:], start=1):
        origins[s] = origins[p] + turns[p] @ (centres[s] - centres[p])
    shifts = origins - np.einsum("sij,sj->si", turns, centres)
    owner = weights.argmax(1)
    feet = {s: np.flatnonzero(np.isin(owner, (INDEX[f"{s}_foot"], INDEX[f"{s}_toes"]))) for s in SIDES}
    points = landmark_points(figure, figure.vertices, np.flatnonzero(owner == INDEX["head"]), feet)
    carried = np.array([INDEX[carrier_of(name)] for name in landmarks.NAMES])
    at_rest = np.array([points[name] for name in landmarks.NAMES])
    order = np.argsort(-weights, axis=1, kind="stable")[:, :MOST]
    kept = np.take_along_axis(weights, order, axis=1)
    kept /= kept.sum(1, keepdims=True)
    vertices = _straightened(figure.vertices, order, kept, turns, shifts)
    # A face belongs to the segment that its corners follow most, but where anatomists cut elsewhere.
    part = _cut(weights[figure.faces].sum(1).argmax(1), vertices[figure.faces].mean(1), origins)
    whole = moments(figure.vertices, figure.faces, part, PARENTS)
    return Template(
        origins=origins,
        vertices=vertices,
        faces=figure.faces,
        segments=order,
        weights=kept,
        moments=moved(whole, turns, shifts - origins),
        landmarks=np.einsum("pij,pj->pi", turns[carried], at_rest) + shifts[carried],
        soles=np.array([vertices[feet[side], 2].min() for side in SIDES]),
        capsules=np.zeros((len(SEGMENTS), 2, 3)),
        radii=np.zeros(len(SEGMENTS)),
    )


def _cut(
    part: Int[np.ndarray, " F"], middles: Float[np.ndarray, "F 3"], origins: Float[np.ndarray, "S 3"]
) -> Int[np.ndarray, " F"]:
    """The segments of faces, where limbs are cut from the trunk as in Zatsiorsky and Seluyanov's measurements.

    The thigh ends at a plane through the hip that rises outwards by 37 degrees, the upper arm at one across it
    (P. de Leva, 1996, J. Biomech. 29(9), figure 1).
    """
    part = part.copy()
    for side, sign in OUTWARDS.items():
        thigh, arm, clavicle = (INDEX[f"{side}_{name}"] for name in ("thigh", "upper_arm", "clavicle"))
        out, up = sign * (middles[:, 1] - origins[thigh, 1]), middles[:, 2] - origins[thigh, 2]
        hip = np.isin(part, (thigh, INDEX["pelvis"])) & (sign * middles[:, 1] > 0)
        part[hip] = np.where(up < RISE * out, thigh, INDEX["pelvis"])[hip]
        inside = sign * (middles[:, 1] - origins[arm, 1]) < 0.0
        part[(part == arm) & inside] = clavicle
    return part


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
