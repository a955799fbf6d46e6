"""One window of a clip: its problem, where to start on it, and whether what was found can be kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.ndimage import gaussian_filter1d

from motionrecon.body.pose import pose
from motionrecon.core.landmarks import INDEX, NAMES
from motionrecon.kinematics.seated import seated
from motionrecon.kinematics.state import Trajectory
from motionrecon.optimizers.turns import Beside, Found, Start
from motionrecon.physics.rollout import Rollout, SimulationState
from motionrecon.physics.windows.carrying import Carrying
from motionrecon.physics.windows.layout import COMPARED_RATE, WindowLayout
from motionrecon.physics.windows.problem import Assist, Engine, WindowProblem, knot_weights
from motionrecon.physics.windows.stretch import Knots
from motionrecon.physics.windows.terms.base import Term
from motionrecon.physics.windows.terms.carried import Carried
from motionrecon.physics.windows.terms.control import Control
from motionrecon.physics.windows.terms.followed import Near, SeenMarks
from motionrecon.physics.windows.terms.posture import Posture
from motionrecon.views import Figure

#: Mean distance of the landmarks from the kinematic ones, in body heights, beyond which a window has failed.
FALLEN = 0.15

#: Body weights with which the ground pushes at most, from one frame to the next; below which a body counts as flying. A
#: window has failed, too, in which it flies for half of the time while the kinematic centre of mass is held up.
BORNE, WEIGHTLESS = 8.0, 0.1

#: Root mean square distance of the landmarks from the kinematic ones, in standard deviations of `Trust.landmark`, up to
#: which the result of a window will do.
CLOSE = 0.5

#: The same over the frames that are kept, beyond which a result is not: the simulated person does something else.
APART = 0.85

#: The same in the last frame of a result that is kept in part; and seconds for which it is kept at least.
ENDS, PART = 0.6, 0.13

#: Height of the lowest landmark over the ground from which nobody can be standing on it, metres.
IN_THE_AIR = 0.3
HIPS = [INDEX["left_hip"], INDEX["right_hip"]]
FEET = [INDEX[f"{side}_{part}"] for side in ("left", "right") for part in ("heel", "foot_index")]

#: Seconds over which a calm centre of mass's vertical velocity is smoothed, a standard deviation: what is faster is
#: mostly noise. It is calm where its acceleration, root mean square over `_CALM_FOR` seconds, is below `_LIVELY` m/s^2:
#: walkers' is, runners' is not.
_STEADY, _CALM_FOR, _LIVELY = 0.05, 0.15, 2.7

#: Starts beside the lowest controls found, which are tried where the most promising ones ended badly, and how far they
#: are from there (standard deviation, radians).
PERTURBED, PERTURBATION = 2, 0.1


def _share(name: str) -> float:
    """Root weight of a landmark: the feet decide contact, limbs tell the pose, the face and fingers little."""
    if any(part in name for part in ("heel", "foot_index")):
        return 2.0
    if any(part in name for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")):
        return 1.0
    return 0.5 if name in ("nose", "left_ear", "right_ear") else 0.1


#: Root weights of the landmarks among themselves.
LANDMARK_SHARE = np.array([_share(name) for name in NAMES])


@dataclass(frozen=True)
class WindowSettings:
    """How windows are laid out and solved.

    Attributes:
        window, overlap: seconds.
        optimizer: name in `motionrecon.optimizers`.
        evaluations: gradients or Jacobians per window at most; None for what the optimizer needs.
        assist: standard deviation of the residual wrench in units of body weight, None for none.
    """

    window: float = 0.8
    overlap: float = 0.4
    optimizer: str = "optimus"
    evaluations: int | None = None
    assist: float | None = None


@dataclass(frozen=True)
class Trust:
    """Standard deviations of the objective's residuals.

    Attributes:
        pixels: of a confident keypoint, metres at the person's depth.
        landmark: of the kinematic landmarks, metres.
        angle: of the kinematic joint angles, radians.
        carried: of the kinematic velocity of the centre of mass, m/s.
        speed, arrival: of the kinematic velocities within a window and at its end, m/s.
        effort: of the lead of the target angles over the kinematic ones, radians.
        smooth: of the second difference of that lead from knot to knot, radians.
    """

    pixels: float = 0.04
    landmark: float = 0.04
    angle: float = 0.4
    speed: float = 1.0
    arrival: float = 0.3
    carried: float = 0.01
    effort: float = 0.9
    smooth: float = 0.2


@dataclass(frozen=True)
class Windows:
    """The windows of one clip.

    Attributes:
        engine: the person's simulator.
        figure: what to follow.
        settings: how windows are laid out.
        trust: weights of the objective.
    """

    engine: Engine
    figure: Figure
    settings: WindowSettings
    trust: Trust = field(default_factory=Trust)

    @cached_property
    def layout(self) -> WindowLayout:
        return WindowLayout.of(self.figure.clock, self.settings.window, self.settings.overlap)

    def tracked_to(self, frame: int) -> int:
        """The last frame up to which the person is tracked without a break, and does not sit; the one before `frame` if
        there is none."""
        lost = np.flatnonzero(~self.simulable[frame:])
        return frame + int(lost[0]) - 1 if len(lost) else len(self.figure) - 1

    @cached_property
    def simulable(self) -> Bool[np.ndarray, " T"]:
        """(T,) where the person is tracked, and on nothing that is not simulated, unless a force may stand for it."""
        return self.figure.tracked if self.settings.assist else self.figure.tracked & ~self.seated

    @cached_property
    def seated(self) -> Bool[np.ndarray, " T"]:
        """(T,) where the person sits or leans on something that is not the ground."""
        figure = self.figure
        return seated(Trajectory(figure.body, figure.qpos, figure.ground), figure.clock.fps)

    def problem(self, start: SimulationState, knots: Knots | None, first: int, last: int) -> WindowProblem:
        """What is to be minimized over frames `first` to `last`.

        Args:
            start: the simulation's state at `first`.
            knots: the previous window's controls; None where there is none.
            first, last: frames.
        """
        figure, trust, layout = self.figure, self.trust, self.layout
        weights = knot_weights((last - first) * self._per_frame, layout.knot_steps)
        frames, share = layout.compared(first, last)
        hinges = layout.at(self._angles, self._times(first, weights.shape[1]))
        speed = np.full(len(frames), float(trust.speed))
        speed[-1] = trust.arrival
        ones = share * np.ones(len(frames))
        terms: list[Term] = [
            *(
                SeenMarks(v.camera.at(frames), v.pixels[frames], share * v.weight[frames], depth[frames], trust.pixels)
                for v, depth in zip(figure.views, self._depths, strict=True)
            ),
            Near(figure.landmarks[frames], LANDMARK_SHARE * ones[:, None], trust.landmark),
            Posture(figure.qpos[frames], figure.qvel[frames], ones, trust.angle, speed),
            Carried(self.engine.linearizer.tree, self._carried[frames], self._held[frames] * ones, trust.carried),
        ]
        before, free = self._before(knots, first, hinges), self.engine.body.free_actuators
        kept = None if before is None else before[:, free]
        control = Control(hinges[:, free], trust.effort, trust.smooth, kept)
        lead = layout.at(self._lead, self._times(first, weights.shape[1]))
        assist = None
        if self.settings.assist:
            frame_start = np.arange(len(weights)) // self._per_frame * self._per_frame
            assist = Assist(self._gravity * self.engine.body.mass, self.settings.assist, weights[frame_start])
        compared = (frames - first) * self._per_frame
        return WindowProblem(self.engine, start, weights, compared, terms, control, assist, lead)

    def starts(self, problem: WindowProblem, knots: Knots | None, first: int, seed: int = 0) -> Iterator[Start]:
        """Unknowns to start from, the most promising first.

        The previous window's controls, shifted, and beyond them those that carry the person along the kinematic angles;
        what a descent from there finds, perturbed; the carrying controls alone; and those that only hold these angles.
        """
        times = self._times(first, problem.weights.shape[1])
        kinematic = self.layout.at(self._lead, times)
        carrying = kinematic + self._pull(first, times)
        likely = carrying
        if knots is not None:
            known = knots.began + np.arange(len(knots.angles)) * self.layout.knot_time
            inside = times <= known[-1] + 1e-9
            likely = carrying.copy()
            for i in range(likely.shape[1]):
                likely[inside, i] = np.interp(times[inside], known, knots.angles[:, i])
        yield problem.unknowns(likely)
        rng = np.random.default_rng([seed, first])
        for _ in range(PERTURBED):
            yield Beside(problem.unknowns(PERTURBATION * rng.standard_normal(carrying.shape)))
        if knots is not None:
            yield problem.unknowns(carrying)
        yield problem.unknowns(kinematic)

    def held_up(self, first: int, last: int) -> bool:
        """Whether the person stays in the air without falling: on a box, a stair or a chair that the ground knows not.

        No controls explain that, and a search for them would take its full time.
        """
        marks = self.figure.landmarks[first : last + 1]
        above, _ = self.figure.ground.gap(marks)
        if (above.min(1) < IN_THE_AIR).any() or last - first < 4:
            return False
        time = np.arange(last + 1 - first) / self.figure.clock.fps
        falling = 2 * np.polyfit(time, marks[:, HIPS, 2].mean(1), 2)[0]
        return bool(falling > -0.5 * self._gravity)

    def follows(self, problem: WindowProblem, x: Float[np.ndarray, " n"], first: int, keep: int) -> bool:
        """Whether the motion simulated up to frame `keep` stays with the kinematic one: a body that fell does not."""
        return self._stays(problem, problem.rollout(x), first, keep)

    def will_do(self, problem: WindowProblem, x: Float[np.ndarray, " n"], first: int, keep: int) -> bool:
        """Whether the motion simulated is so near to the kinematic one that no other start need be tried.

        Where it is not, either no controls can do what was seen, or a descent ended in the wrong basin.
        """
        rollout = problem.rollout(x)
        if not self._stays(problem, rollout, first, keep):
            return False
        return self._distance(problem, rollout, first, problem.steps) < CLOSE * self.trust.landmark

    def accepts(self, problem: WindowProblem, x: Float[np.ndarray, " n"], first: int, keep: int) -> bool:
        """Whether the motion simulated up to frame `keep` can be what the person did."""
        return self._can_be(problem, problem.rollout(x), first, keep)

    def accepted(
        self, problem: WindowProblem, found: Sequence[Found], first: int, keep: int
    ) -> tuple[Found, int] | None:
        """The first of several results that is accepted up to frame `keep`, and that frame; or else the one that is so
        for longest, and ends near the kinematic motion, and up to which frame. None where there is none."""
        rollouts = [problem.rollout(one.x) for one in found]
        whole = next(
            (one for one, run in zip(found, rollouts, strict=True) if self._can_be(problem, run, first, keep)), None
        )
        if whole is not None:
            return whole, keep
        stride = max(1, self.figure.clock.frames(1 / COMPARED_RATE))
        # One frame less would leave none between where it ends and where the next begins.
        for last in range(keep - max(2, stride), first + self.least - 1, -stride):
            for one, run in zip(found, rollouts, strict=True):
                if not self._can_be(problem, run, first, last):
                    continue
                if self._distance(problem, run, first, self._steps(first, last)[-1:]) < ENDS * self.trust.landmark:
                    return one, last
        return None

    @property
    def least(self) -> int:
        """Frames for which a result is kept in part at least."""
        return max(2, self.figure.clock.frames(PART))

    def _can_be(self, problem: WindowProblem, rollout: Rollout, first: int, keep: int) -> bool:
        """`accepts`, of a motion that is simulated already."""
        if not self._stays(problem, rollout, first, keep):
            return False
        last = self._steps(first, keep)[-1]
        kept = problem.steps[problem.steps <= last]
        if not len(kept):  # of a quick film, of which more frames are passed over than are kept
            kept = np.array([last])
        return self._distance(problem, rollout, first, kept) < APART * self.trust.landmark

    def _steps(self, first: int, keep: int) -> Int[np.ndarray, " F"]:
        """The steps of a window, from frame `first` on, at which its frames are, up to frame `keep`."""
        return np.asarray(np.arange(keep - first + 1) * self._per_frame)

    def _distance(self, problem: WindowProblem, rollout: Rollout, first: int, steps: Int[np.ndarray, " F"]) -> float:
        """Root mean square of the way from the kinematic landmarks along each axis, metres."""
        away = self._away(problem, rollout, first, steps)
        return float(np.sqrt(np.average(away**2, axis=1, weights=LANDMARK_SHARE**2).mean()))

    def _stays(self, problem: WindowProblem, rollout: Rollout, first: int, keep: int) -> bool:
        """`follows`, of a motion that is simulated already."""
        if not rollout.ok:
            return False
        steps = self._steps(first, keep)
        away = np.linalg.norm(self._away(problem, rollout, first, steps[1:]), axis=-1)
        upright = max(away.mean(1).max(), away[:, FEET].mean(1).max()) < FALLEN * self.engine.body.height
        return bool(upright and self._borne(rollout, first, steps))

    def _borne(self, rollout: Rollout, first: int, steps: Int[np.ndarray, " F"]) -> bool:
        """Whether the ground pushes as it may: not harder than anybody bears, and where the person does not fall."""
        at = pose(self.engine.body.model, rollout.qpos[steps])
        rising = np.einsum("fv,fv->f", at.com_jacobian[:, 2], rollout.qvel[steps])
        pushes = np.diff(rising) * self.figure.clock.fps / self._gravity + 1.0
        kinematic = np.diff(self._carried[first : first + len(steps), 2]) * self.figure.clock.fps / self._gravity + 1.0
        flies = (pushes < WEIGHTLESS) & (kinematic > 0.5)
        return bool(pushes.max() < BORNE and flies.mean() < 0.5)

    def _away(
        self, problem: WindowProblem, rollout: Rollout, first: int, steps: Int[np.ndarray, " F"]
    ) -> Float[np.ndarray, "F 33 3"]:
        """From the kinematic landmarks to the simulated ones after so many steps of a window, metres."""
        kinematic = self.figure.landmarks[first + steps // self._per_frame]
        return np.asarray(problem.landmarks(rollout, steps) - kinematic)

    @property
    def _per_frame(self) -> int:
        return self.figure.clock.steps_per_frame

    @cached_property
    def _gravity(self) -> float:
        return -float(self.engine.body.model.opt.gravity[2])

    @cached_property
    def _angles(self) -> Float[np.ndarray, "T nu"]:
        """Kinematic angles of the actuated hinges."""
        return self.figure.qpos[:, self.engine.body.hinge_qpos]

    @cached_property
    def _lead(self) -> Float[np.ndarray, "T nu"]:
        """Controls that hold the kinematic angles against the actuators' damping."""
        model = self.engine.body.model
        gain, damping = model.actuator_gainprm[:, 0], -model.actuator_biasprm[:, 2]
        return np.asarray(self._angles + self.figure.qvel[:, self.engine.body.hinge_qpos - 1] * (damping / gain))

    def _pull(self, first: int, times: Float[np.ndarray, " K"]) -> Float[np.ndarray, "K nu"]:
        """By how much controls lead, so that the actuators pull as carries the person from frame `first` on."""
        clock = self.figure.clock
        last = min(int(np.ceil(times[-1] * clock.fps)) + 1, self.tracked_to(first))
        torques = self._carrying.torques(first, last) / self.engine.body.model.actuator_gainprm[:, 0]
        # Knots lie a little beyond the last frame, too: there the person is not followed, and the last torques go on.
        return self.layout.at(torques, np.clip(times - clock.seconds(first), 0.0, clock.seconds(last - first)))

    @cached_property
    def _carrying(self) -> Carrying:
        return Carrying(self.figure)

    @cached_property
    def _carried(self) -> Float[np.ndarray, "T 3"]:
        """Velocity of the kinematic centre of mass, m/s; of somebody who walks calmly, the steadier vertical one."""
        fps = self.figure.clock.fps
        velocity = np.gradient(pose(self.engine.body.model, self.figure.qpos).com, axis=0) * fps
        rising = velocity[:, 2]
        square = gaussian_filter1d(np.gradient(rising, 1 / fps) ** 2, _CALM_FOR * fps, mode="nearest")
        calm = 1 / (1 + (square / _LIVELY**2) ** 2)
        steady = gaussian_filter1d(rising, _STEADY * fps, mode="nearest")
        velocity[:, 2] += calm * (steady - rising)
        return np.asarray(velocity)

    @cached_property
    def _held(self) -> Float[np.ndarray, " T"]:
        """How far the kinematic centre of mass is held up: 0 below half of its weight, 1 from three quarters on."""
        pushes = 1 + np.gradient(self._carried[:, 2]) * self.figure.clock.fps / self._gravity
        return np.asarray(np.clip(4 * pushes - 2, 0.0, 1.0))

    @cached_property
    def _depths(self) -> list[Float[np.ndarray, " T"]]:
        """How far the person is from each camera, metres."""
        return [np.median(v.camera.to_camera(self.figure.landmarks)[..., 2], axis=1) for v in self.figure.views]

    def _times(self, first: int, count: int) -> Float[np.ndarray, " K"]:
        """Times (s) of a window's knots, none of them beyond the clip."""
        return np.asarray(np.minimum(self.layout.knots(first, count), self.figure.clock.seconds(len(self.figure) - 1)))

    def _before(
        self, knots: Knots | None, first: int, hinges: Float[np.ndarray, "K nu"]
    ) -> Float[np.ndarray, "2 nu"] | None:
        """The lead of the previous window's controls one knot before frame `first`, and there."""
        if knots is None:
            return None
        now = self.figure.clock.seconds(first)
        here = round((now - knots.began) / self.layout.knot_time)
        if not 1 <= here < len(knots.angles):
            return None
        angle = self.layout.at(self._angles, np.array([now - self.layout.knot_time]))
        return np.stack([knots.angles[here - 1] - angle[0], knots.angles[here] - hinges[0]])
