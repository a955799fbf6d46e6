"""SMPL and its kin: their joints, what our segments are called there, and where their files come from.

M. Loper et al., SMPL: A Skinned Multi-Person Linear Model, 2015; J. Romero, D. Tzionas, M. J. Black, Embodied Hands
(SMPL-H), 2017; G. Pavlakos et al., Expressive Body Capture (SMPL-X), 2019.
"""

from __future__ import annotations

from dataclasses import dataclass

from motionrecon.body.mesh.segments import Segments

#: The segments that the first joints of all layouts carry, in their order: one for each joint of the body.
CARRIED: tuple[str, ...] = (
    "pelvis", "left_thigh", "right_thigh", "abdomen", "left_shank", "right_shank", "chest", "left_foot", "right_foot",
    "upper_chest", "left_toes", "right_toes", "neck", "left_clavicle", "right_clavicle", "head", "left_upper_arm",
    "right_upper_arm", "left_forearm", "right_forearm", "left_hand", "right_hand",
)  # fmt: skip
#: The parents of these joints.
PARENTS: tuple[int, ...] = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)

TREE = Segments.of(
    {
        "pelvis": None,
        "abdomen": "pelvis",
        "chest": "abdomen",
        "upper_chest": "chest",
        "neck": "upper_chest",
        "head": "neck",
    },
    [
        {"clavicle": "upper_chest", "upper_arm": "clavicle", "forearm": "upper_arm", "hand": "forearm"},
        {"thigh": "pelvis", "shank": "thigh", "foot": "shank", "toes": "foot"},
    ],
)


def _fingers(first: int) -> tuple[int, ...]:
    """Parents of the fingers' joints, the first of which is number ``first``: wrists are 20 and 21."""
    return tuple((20 + i // 15) if i % 3 == 0 else first + i - 1 for i in range(30))


@dataclass(frozen=True)
class Layout:
    """One of SMPL's kin.

    Attributes:
        name: as its authors write it.
        parents: of its joints; the first 22 are the body's in all of them.
        home: where to get its files, and which.
        eyes: numbers of the left and the right eye's joint, where it has these.
        knuckles: numbers of the left hand's joints that landmarks are at, and of the right one's.
    """

    name: str
    parents: tuple[int, ...]
    home: str
    eyes: tuple[int, int] | None = None
    knuckles: dict[str, tuple[int, int]] | None = None

    @property
    def licence(self) -> str:
        """What may be done with the surface of such a body."""
        site = self.home.split(" ", 1)[0]
        return f"The person's surface is made from {self.name}, whose licence says to whom it may be given: {site}"


LAYOUTS: dict[str, Layout] = {
    "smpl": Layout(
        "SMPL",
        (*PARENTS, 20, 21),
        "https://smpl.is.tue.mpg.de (SMPL for Python, a .pkl: docs/smpl.md says how to make an .npz of it)",
    ),
    "smplh": Layout(
        "SMPL-H",
        (*PARENTS, *_fingers(22)),
        "https://mano.is.tue.mpg.de (Extended SMPL+H model, used in AMASS: its folders hold model.npz)",
        knuckles={"index": (22, 37), "pinky": (28, 43), "thumb": (35, 50)},
    ),
    "smplx": Layout(
        "SMPL-X",
        (*PARENTS, 15, 15, 15, *_fingers(25)),
        "https://smpl-x.is.tue.mpg.de (SMPL-X v1.1, NPZ+PKL: SMPLX_NEUTRAL.npz and its kin)",
        eyes=(23, 24),
        knuckles={"index": (25, 40), "pinky": (31, 46), "thumb": (38, 53)},
    ),
}
