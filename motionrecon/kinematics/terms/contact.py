"""Feet that stand, stand still and on the ground; and no foot is below it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from motionrecon.kinematics.block import Block
from motionrecon.kinematics.standing import bearing_points, haste, standing_points, walkers_points
from motionrecon.kinematics.state import HEIGHT, SHAPE, Trajectory

#: How far from the floor soles may be, metres, that are taken to be on it since they are the lowest: where the floor is
#: known, and where a wrong up may have tilted it by some degrees.
KNOWN, TILTED = 0.1, 0.4


@dataclass(frozen=True)
class Contact:
    """Velocity and height of the soles' points.

    Attributes:
        fps: frames per second.
        standing: (T, S) in [0, 1], how surely each point of the soles stands, in the order of `body.soles`.
        speed: standard deviation of a standing point's velocity, m/s.
        height: standard deviation of a standing point's height over the ground, metres.
        depth: metres below the ground that count as one standard deviation.
        haste: of all frames or of each (`motionrecon.kinematics.standing.haste`); its square is how many times `speed`
            the standard deviation of the velocity is. Held in proportion, a runner's touch-downs jerk the whole body.
        weight: root weight of one frame.
        low: (T, S) in [0, 1], how surely each point is on the ground, whether or not it stands still; None for no more
            surely than it stands.
    """

    fps: float
    standing: Float[np.ndarray, "T S"]
    speed: float = 0.10
    height: float = 0.015
    depth: float = 0.01
    haste: float | Float[np.ndarray, " T"] = 1.0
    weight: float = 1.0
    low: Float[np.ndarray, "T S"] | None = None

    @staticmethod
    def of(
        x: Trajectory,
        fps: float,
        weight: float = 1.0,
        within: float = KNOWN,
        lying: Float[np.ndarray, "T S"] | float = 0.0,
    ) -> Contact:
        """The term for feet that stand where a trajectory, which is uncertain, has them stand.

        Args:
            x: the trajectory.
            fps: frames per second.
            weight: root weight of one frame.
            within: how far from the floor a walker's lower foot may be where nothing tells which one stands, metres.
            lying: how surely points of the soles are on the floor of somebody who does not stand.
        """
        times = haste(x, fps)
        standing = np.maximum(standing_points(x, fps, times), bearing_points(x, fps))
        return Contact(fps, standing, haste=times, weight=weight, low=np.maximum(walkers_points(x, fps, within), lying))

    def __call__(self, x: Trajectory) -> Block:
        T, nv = len(x), x.body.model.nv
        speed = self.speed * np.broadcast_to(self.haste, T)[:-1, None] ** 2
        still = np.sqrt(self.standing[:-1] * self.standing[1:]) * self.weight / speed
        moving = still[..., None] * self.fps
        velocity = (x.feet[1:] - x.feet[:-1]) * moving
        on_ground = self.standing if self.low is None else np.maximum(self.standing, self.low)
        height_gain = np.sqrt(on_ground) * self.weight / self.height
        depth_gain = np.where(x.over < 0, self.weight / self.depth, 0.0)
        gain = np.sqrt(height_gain**2 + depth_gain**2)
        # One block of runs of two frames: velocity between them, height of the first (in the last run, of both).
        here, there = gain[:-1], np.zeros_like(gain[1:])
        there[-1] = gain[-1]

        def rows(
            velocity: Float[np.ndarray, "N S 3 n"], here: Float[np.ndarray, "N S n"], there: Float[np.ndarray, "N S n"]
        ) -> Float[np.ndarray, "N m n"]:
            return np.concatenate([velocity.reshape(T - 1, -1, velocity.shape[-1]), here, there], axis=1)

        residual = rows(velocity[..., None], (x.over[:-1] * here)[..., None], (x.over[1:] * there)[..., None])[..., 0]
        over_by_qpos = np.einsum("tpi,tpij->tpj", x.away, x.foot_jacobian)
        zero = np.zeros((*still.shape, nv))
        first = rows(-moving[..., None] * x.foot_jacobian[:-1], here[..., None] * over_by_qpos[:-1], zero)
        second = rows(moving[..., None] * x.foot_jacobian[1:], zero, there[..., None] * over_by_qpos[1:])
        shared = {}
        if SHAPE in x.shared:
            by_shape = x.foot_by_shape
            over = np.einsum("tpi,tpij->tpj", x.away, by_shape)
            faster = moving[..., None] * (by_shape[1:] - by_shape[:-1])
            shared[SHAPE] = rows(faster, here[..., None] * over[:-1], there[..., None] * over[1:])
        if HEIGHT in x.shared:
            sinks = -x.away[..., 2:]
            still_moving = np.zeros((*velocity.shape, 1))
            shared[HEIGHT] = rows(still_moving, here[..., None] * sinks[:-1], there[..., None] * sinks[1:])
        cost = float((velocity**2).sum() + ((x.over * gain) ** 2).sum())
        return Block(residual, (first, second), np.arange(T - 1), cost, shared)
