"""The physics stage: window by window, find the controls that simulate what the video shows.

Windows overlap; the first part of each is kept, and where it ends the next begins. A window that fails is tried again
from other controls; if that fails too, its frames are marked, and the simulation restarts from the kinematic
trajectory in a new segment.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from motionrecon.body.tangent import velocities
from motionrecon.cameras.pinhole import Camera
from motionrecon.core.clock import Clock
from motionrecon.core.landmarks import INDEX, NAMES
from motionrecon.optimizers import minimize
from motionrecon.physics.rollout import State
from motionrecon.physics.windows.problem import Assist, Engine, WindowProblem, knot_weights
from motionrecon.physics.windows.readout import Term
from motionrecon.physics.windows.terms.control import Control
from motionrecon.physics.windows.terms.followed import Near, Seen
from motionrecon.physics.windows.terms.posture import Posture

#: Knots of the controls per second.
KNOT_RATE = 12.0
#: Frames compared with the video per second at most: more say nothing new.
COMPARED_RATE = 30.0


@dataclass(frozen=True)
class Evidence:
    """What the windows are compared with, T frames at `fps`.

    Attributes:
        camera: the camera, in the world whose floor is z = 0.
        pixels: (T, 33, 2) undistorted keypoints.
        weight: (T, 33) root weights of the keypoints.
        qpos: (T, nq) the kinematic trajectory.
        landmarks: (T, 33, 3) its landmarks.
        tracked: (T,) where a person was seen, or the gap was short enough to be bridged.
        fps: frames per second.
    """

    camera: Camera
    pixels: np.ndarray
    weight: np.ndarray
    qpos: np.ndarray
    landmarks: np.ndarray
    tracked: np.ndarray
    fps: float

    def __len__(self) -> int:
        return len(self.qpos)


@dataclass(frozen=True)
class Settings:
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


@dataclass
class Stretch:
    """The simulated motion so far: what a run has to save to be resumed.

    Attributes:
        frame: the next frame to be simulated from.
        state: qpos, qvel and warmstart there.
        ctrl: (S, nu) per step.
        wrench: (S, 6) per step.
        segments: rows of step, qpos, qvel at which a simulated stretch starts.
        knots: the last window's controls at its knots and the time of the first (s): the next one starts from them.
        windows: one record per window, for the report.
    """

    frame: int
    state: State
    ctrl: np.ndarray
    wrench: np.ndarray
    segments: np.ndarray
    knots: tuple[float, np.ndarray] | None
    windows: list[dict[str, Any]] = field(default_factory=list)

    def simulated_frames(self) -> set[int]:
        """The frames that the simulation reaches."""
        frames: set[int] = set()
        for window in self.windows:
            if window["status"] == "ok":
                frames |= set(range(window["first_frame"], window["last_frame"] + 1))
        return frames

    def to_arrays(self) -> dict[str, np.ndarray]:
        """This stretch as arrays, for a checkpoint."""
        began, knots = self.knots if self.knots is not None else (np.nan, np.zeros((0, self.ctrl.shape[1])))
        return {
            "frame": np.array(self.frame),
            "qpos": self.state.qpos,
            "qvel": self.state.qvel,
            "warmstart": self.state.warmstart,
            "ctrl": self.ctrl,
            "wrench": self.wrench,
            "segments": self.segments,
            "knots_began": np.array(began),
            "knots": knots,
            "windows": np.array(json.dumps(self.windows)),
        }

    @staticmethod
    def from_arrays(arrays: dict[str, np.ndarray]) -> Stretch:
        """The inverse of `to_arrays`."""
        return Stretch(
            int(arrays["frame"]),
            State(arrays["qpos"], arrays["qvel"], arrays["warmstart"]),
            arrays["ctrl"],
            arrays["wrench"],
            arrays["segments"],
            (float(arrays["knots_began"]), arrays["knots"]) if len(arrays["knots"]) else None,
            json.loads(str(arrays["windows"])),
        )


@dataclass(frozen=True)
class Trust:
    """Standard deviations of the objective's residuals.

    Attributes:
        pixels: of a confident keypoint, metres at the person's depth.
        landmark: of the kinematic landmarks, metres.
        angle: of the kinematic joint angles, radians.
        speed, arrival: of the kinematic velocities within a window and at its end, m/s.
        effort: of the lead of the target angles over the kinematic ones, radians.
        smooth: of the second difference of that lead from knot to knot, radians.
    """

    pixels: float = 0.04
    landmark: float = 0.04
    angle: float = 0.4
    speed: float = 1.0
    arrival: float = 0.3
    effort: float = 0.6
    smooth: float = 0.15


def simulate(
    engine: Engine,
    evidence: Evidence,
    settings: Settings,
    trust: Trust | None = None,
    resume: Stretch | None = None,
    after_window: Callable[[Stretch, int], None] = lambda stretch, frames: None,
    seed: int = 0,
) -> Stretch:
    """Simulate the whole clip.

    Args:
        engine: the person's simulator; its model's timestep divides a frame into `Clock.steps_per_frame`.
        evidence: what to follow.
        settings: layout and optimizer.
        trust: weights of the objective.
        resume: what an interrupted run had got to.
        after_window: called with the motion so far, and the frames that the last window added.
        seed: of the perturbed starts of a window that failed.
    """
    return _Run(engine, evidence, settings, trust or Trust(), seed).go(resume, after_window)


def window_at(
    engine: Engine,
    evidence: Evidence,
    settings: Settings,
    first: int,
    state: State,
    knots: tuple[float, np.ndarray] | None,
    trust: Trust | None = None,
) -> tuple[WindowProblem, np.ndarray]:
    """One window apart from any run, just as `simulate` would meet it: for training and comparing optimizers.

    Args:
        engine, evidence, settings, trust: as for `simulate`; the window is shorter than `settings.window` where the
            person is lost or the clip ends before.
        first: the frame that it starts from, two frames before the person is lost at the latest.
        state: of the simulation there.
        knots: the previous window's controls at its knots and the time of the first (s), as `Stretch` keeps them;
            None where there is no window before this one.

    Returns:
        The problem, and the unknowns (n,) that the main job would try first.
    """
    run = _Run(engine, evidence, settings, trust or Trust(), seed=0)
    last = min(first + run.length, run._tracked_run(first))
    problem, at = run._problem(state, knots, first, last)
    so_far = Stretch(first, state, np.zeros((0, run.nu)), np.zeros((0, 6)), np.zeros((0, 0)), knots)
    return problem, next(run._starts(so_far, problem, at, first))


class _Run:
    def __init__(self, engine: Engine, evidence: Evidence, settings: Settings, trust: Trust, seed: int) -> None:
        self.engine, self.evidence, self.settings, self.trust, self.seed = engine, evidence, settings, trust, seed
        self.per_frame = Clock(evidence.fps).steps_per_frame
        self.qvel = velocities(evidence.qpos, evidence.fps)
        self.nu = engine.body.model.nu
        self.gravity = -float(engine.body.model.opt.gravity[2])
        fps = evidence.fps
        self.evaluations = settings.evaluations or BUDGETS.get(settings.optimizer, GRADIENTS)
        self.length = max(4, round(settings.window * fps))
        self.keep = max(2, round((settings.window - settings.overlap) * fps))
        # The part that is kept holds a whole number of knots, so that the next window's knots fall on this one's.
        kept_steps = self.keep * self.per_frame
        self.knot_steps = kept_steps / max(1, round(self.keep / fps * KNOT_RATE))
        self.knot_time = self.knot_steps / (fps * self.per_frame)
        z = evidence.camera.to_camera(evidence.landmarks)[..., 2]
        self.depth = np.median(z, axis=1)
        # Controls that hold the kinematic angles against the actuators' damping.
        gain = engine.body.model.actuator_gainprm[:, 0]
        damping = -engine.body.model.actuator_biasprm[:, 2]
        hinge = engine.body.hinge_qpos
        self.lead = evidence.qpos[:, hinge] + self.qvel[:, hinge - 1] * (damping / gain)

    def go(self, resume: Stretch | None, after_window: Callable[[Stretch, int], None]) -> Stretch:
        so_far = resume or self._begin()
        last = len(self.evidence) - 1
        while so_far.frame < last:
            before = so_far.frame
            run = self._tracked_run(before)
            so_far = self._window(so_far, run) if run - before >= 2 else self._skip(so_far, max(run, before + 1))
            after_window(so_far, so_far.frame - before)
        return so_far

    def _begin(self) -> Stretch:
        nv = self.engine.body.model.nv
        empty = np.zeros((0, 1 + self.engine.body.model.nq + nv))
        none = State.fresh(self.evidence.qpos[0], self.qvel[0])
        return Stretch(0, none, np.zeros((0, self.nu)), np.zeros((0, 6)), empty, None)

    def _tracked_run(self, frame: int) -> int:
        """The last frame up to which the person is tracked without a break; the one before `frame` if there is none."""
        lost = np.flatnonzero(~self.evidence.tracked[frame:])
        return frame + int(lost[0]) - 1 if len(lost) else len(self.evidence) - 1

    def _skip(self, so_far: Stretch, to: int) -> Stretch:
        """Go on to the next tracked frame without simulating."""
        later = np.flatnonzero(self.evidence.tracked[to:])
        to = min(to + int(later[0]) if len(later) else len(self.evidence), len(self.evidence) - 1)
        record = {"first_frame": so_far.frame, "last_frame": to, "status": "not tracked"}
        return self._not_simulated(so_far, to, record)

    def _not_simulated(self, so_far: Stretch, to: int, record: dict[str, Any]) -> Stretch:
        steps = (to - so_far.frame) * self.per_frame
        state = State.fresh(self.evidence.qpos[to], self.qvel[to])
        return Stretch(
            to,
            state,
            np.concatenate([so_far.ctrl, np.full((steps, self.nu), np.nan)]),
            np.concatenate([so_far.wrench, np.zeros((steps, 6))]),
            so_far.segments,
            None,
            [*so_far.windows, record],
        )

    def _window(self, so_far: Stretch, run: int) -> Stretch:
        first = so_far.frame
        last = min(first + self.length, run)
        keep = first + self.keep
        if last == run and run - keep < self.keep:
            keep = last  # what remains is too short for a window of its own
        keep = min(keep, last)
        if self.settings.assist is None and self._held_up_by_nothing(first, keep):
            return self._not_simulated(
                so_far, keep, {"first_frame": first, "last_frame": keep, "status": "no floor under the feet"}
            )
        problem, at = self._problem(so_far.state, so_far.knots, first, last)
        record: dict[str, Any] = {"first_frame": first, "last_frame": keep}
        record |= dict.fromkeys(("evaluations", "rollouts", "fallbacks"), 0)
        for attempt, x0 in enumerate(self._starts(so_far, problem, at, first)):
            record["attempts"] = attempt + 1
            before = problem.value(x0)
            if not np.isfinite(before):
                continue
            result = minimize(problem, x0, self.settings.optimizer, max_evaluations=self.evaluations)
            record["evaluations"] += result.njev
            record["rollouts"] += result.evaluations.values
            record["fallbacks"] += result.fallbacks
            if self._follows(problem, result.x, first, keep):
                break
        else:
            return self._not_simulated(so_far, keep, record | {"status": "failed"})
        rollout = problem.rollout(result.x)
        steps = (keep - first) * self.per_frame
        starts = len(so_far.ctrl) == 0 or np.isnan(so_far.ctrl[-1, 0])
        row = np.concatenate([[len(so_far.ctrl)], so_far.state.qpos, so_far.state.qvel])
        record |= {"status": "ok", "loss_before": before, "loss_after": result.fun}
        if self.settings.assist:
            push = np.linalg.norm(rollout.wrench[:steps, :3], axis=1)
            record |= {"assist_mean_newtons": float(push.mean()), "assist_most_newtons": float(push.max())}
        return Stretch(
            keep,
            rollout.state(steps),
            np.concatenate([so_far.ctrl, rollout.ctrl[:steps]]),
            np.concatenate([so_far.wrench, rollout.wrench[:steps]]),
            np.concatenate([so_far.segments, row[None]]) if starts else so_far.segments,
            (first / self.evidence.fps, problem.knots(result.x)),
            [*so_far.windows, record],
        )

    def _problem(
        self, start: State, knots: tuple[float, np.ndarray] | None, first: int, last: int
    ) -> tuple[WindowProblem, np.ndarray]:
        """The problem of frames `first` to `last`, and the times (s) of its knots."""
        e, t, fps = self.evidence, self.trust, self.evidence.fps
        steps = (last - first) * self.per_frame
        weights = knot_weights(steps, self.knot_steps)
        stride = max(1, round(fps / COMPARED_RATE))
        frames = np.arange(last, first, -stride)[::-1]
        share = np.sqrt(stride * COMPARED_RATE / fps)  # a window's value does not depend on the frame rate
        weight = share * np.ones(len(frames))
        at = np.minimum(first / fps + np.arange(weights.shape[1]) * self.knot_time, (len(e) - 1) / fps)
        hinges = self._at(self.evidence.qpos[:, self.engine.body.hinge_qpos], at)
        speed = np.full(len(frames), float(t.speed))
        speed[-1] = t.arrival
        terms: list[Term] = [
            Seen(e.camera.at(frames), e.pixels[frames], share * e.weight[frames], self.depth[frames], t.pixels),
            Near(e.landmarks[frames], share * LANDMARK_SHARE * np.ones((len(frames), 1)), t.landmark),
            Posture(e.qpos[frames], self.qvel[frames], weight, t.angle, speed),
        ]
        control = Control(hinges, t.effort, t.smooth, self._before(knots, first, hinges))
        assist = None
        if self.settings.assist:
            frame_start = np.arange(steps) // self.per_frame * self.per_frame
            assist = Assist(self.gravity * self.engine.body.mass, self.settings.assist, weights[frame_start])
        compared = (frames - first) * self.per_frame
        return WindowProblem(self.engine, start, weights, compared, terms, control, assist), at

    def _before(self, knots: tuple[float, np.ndarray] | None, first: int, hinges: np.ndarray) -> np.ndarray | None:
        """(2, nu) lead of the previous window's controls one knot before frame `first`, and there."""
        if knots is None:
            return None
        began, previous = knots
        here = round((first / self.evidence.fps - began) / self.knot_time)
        if not 1 <= here < len(previous):
            return None
        time = np.array([first / self.evidence.fps - self.knot_time])
        angle = self._at(self.evidence.qpos[:, self.engine.body.hinge_qpos], time)
        return np.stack([previous[here - 1] - angle[0], previous[here] - hinges[0]])

    def _at(self, rows: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Rows (T, n) interpolated at times (s)."""
        frames = times * self.evidence.fps
        i = np.minimum(frames.astype(int), len(rows) - 2)
        f = (frames - i)[:, None]
        return (1 - f) * rows[i] + f * rows[i + 1]

    def _starts(self, so_far: Stretch, problem: WindowProblem, at: np.ndarray, first: int) -> Iterator[np.ndarray]:
        """Unknowns to start from, the most promising first."""
        kinematic = self._at(self.lead, at)
        if so_far.knots is not None:
            began, knots = so_far.knots
            known = began + np.arange(len(knots)) * self.knot_time
            inside = at <= known[-1] + 1e-9
            shifted = kinematic.copy()
            for i in range(self.nu):
                shifted[inside, i] = np.interp(at[inside], known, knots[:, i])
            yield problem.unknowns(shifted)
        yield problem.unknowns(kinematic)
        rng = np.random.default_rng([self.seed, first])
        for _ in range(2):
            yield problem.unknowns(kinematic + 0.1 * rng.standard_normal(kinematic.shape))

    def _held_up_by_nothing(self, first: int, last: int) -> bool:
        """Whether the person stays in the air without falling: on a box, a stair or a chair that the floor knows not.

        No controls explain that, and a search for them would take its full time.
        """
        frames = slice(first, last + 1)
        marks = self.evidence.landmarks[frames]
        if (marks[..., 2].min(1) < IN_THE_AIR).any() or last - first < 4:
            return False
        time = np.arange(last + 1 - first) / self.evidence.fps
        falling = 2 * np.polyfit(time, marks[:, HIPS, 2].mean(1), 2)[0]
        return bool(falling > -0.5 * self.gravity)

    def _follows(self, problem: WindowProblem, x: np.ndarray, first: int, keep: int) -> bool:
        """Whether the simulated motion stays with the kinematic one: a body that fell does not."""
        rollout = problem.rollout(x)
        if not rollout.ok:
            return False
        frames = np.arange(first + 1, keep + 1)
        seen = problem.landmarks(rollout, (frames - first) * self.per_frame)
        away = np.linalg.norm(seen - self.evidence.landmarks[frames], axis=-1)
        return bool(away.mean(1).max() < FALLEN * self.engine.body.height)


#: Jacobians that a window's minimization may take with the optimizers that use them, and gradients with all others: a
#: balance of time and of what is left to gain.
BUDGETS, GRADIENTS = {"optimus": 5, "lm": 12}, 40

#: Mean distance of the landmarks from the kinematic ones, in body heights, beyond which a window has failed.
FALLEN = 0.15

#: Height of the lowest landmark over the floor from which nobody can be standing on it, metres.
IN_THE_AIR = 0.3
HIPS = [INDEX["left_hip"], INDEX["right_hip"]]

#: Root weights of the landmarks among themselves: the feet decide contact, the limbs' joints tell the pose, the face
#: and fingers little.
LANDMARK_SHARE = np.array(
    [
        2.0 if any(j in name for j in ("heel", "foot_index"))
        else 1.0 if any(j in name for j in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle"))
        else 0.5 if name in ("nose", "left_ear", "right_ear") else 0.1
        for name in NAMES
    ]
)  # fmt: skip
