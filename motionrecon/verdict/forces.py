"""Signs of the error of a simulated motion's ground forces; each grows as they are worse."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.ndimage import uniform_filter1d

from motionrecon.body.pose import pose
from motionrecon.mechanics.feet import LOADED
from motionrecon.verdict.evidence import Evidence
from motionrecon.verdict.signs import POSE, Sign, moved_by_physics

#: Seconds over which forces are averaged where they are compared with the film's motion, which knows nothing faster.
_AVERAGED = 0.2


def unlike_the_motion(e: Evidence) -> float:
    """Mean difference, percent of the body weight, from the force that the filmed motion takes: m (a + g).

    The kinematic motion does not know what is simulated, nor the simulation more of the film than it.
    """
    away = np.abs(_averaged(e, e.load) - _averaged(e, needed(e)))
    return 100.0 * float(away[e.simulated].mean())


def needed(e: Evidence) -> Float[np.ndarray, " T"]:
    """The vertical force that the filmed motion takes, body weights: 1 + a / g of the middle of the mass."""
    rise = np.gradient(np.gradient(e.course.com[:, 2], 1 / e.fps), 1 / e.fps)
    return np.asarray(1.0 - rise / e.figure.body.model.opt.gravity[2])


def _averaged(e: Evidence, force: Float[np.ndarray, " T"]) -> Float[np.ndarray, " T"]:
    return np.asarray(uniform_filter1d(force, max(1, round(_AVERAGED * e.fps)), mode="nearest"))


def off_the_film(e: Evidence) -> float:
    """Mean distance, millimetres, of the limbs' joints between the simulated motion and the fit to the film."""
    return 1e3 * float(e.moved[e.simulated].mean())


def jumps(e: Evidence) -> Float[np.ndarray, " T"]:
    """By how many body weights the force changes from each frame to the next, where both are simulated."""
    change = np.abs(np.diff(e.load, append=e.load[-1:]))
    both = e.simulated & np.append(e.simulated[1:], False)
    return np.asarray(np.where(both, change, 0.0))


def largest_jump(e: Evidence) -> float:
    """The largest change of the force from a frame to the next, body weights."""
    return float(jumps(e).max())


def unsteady(e: Evidence) -> float:
    """Mean change of the force from frame to frame, body weights a second."""
    return float(jumps(e)[e.simulated].mean() * e.fps)


def loaded_sole_speed(e: Evidence) -> float:
    """Horizontal speed of the soles' points, mm/s, weighted by the vertical force, where a foot is loaded."""
    body = e.figure.body
    force = e.contact_force[..., 2] * e.simulated[:, None]
    soles = pose(body.model, e.qpos).at(body.soles)[..., :2]
    speed = np.linalg.norm(np.gradient(soles, 1 / e.fps, axis=0), axis=-1)
    counts = np.where(force > LOADED * body.mass * -body.model.opt.gravity[2], force, 0.0)
    return 1e3 * float((speed * counts).sum() / counts.sum()) if counts.any() else 0.0


def without_weight(e: Evidence) -> float:
    """Percent of the simulated frames in which feet stand in the film, and carry nothing in the simulation."""
    stands = e.standing.max(1) > 0.5
    return 100.0 * float(np.mean((stands & (e.load < LOADED))[e.simulated]))


def left_out(e: Evidence) -> float:
    """Percent of the frames in which the person was seen that were not simulated."""
    seen = e.figure.seen
    return 100.0 * float(1.0 - e.simulated[seen].mean()) if seen.any() else 100.0


def _when_it_jumps(e: Evidence, size: float) -> str:
    return f"weight jumps by {size:.1f} body weights at {e.figure.clock.told(float(jumps(e).argmax()), digits=1)}"


#: Signs of how far forces are from what they were; they are asked of simulated motions only.
FORCE: dict[str, Sign] = {
    "unlike_the_motion": Sign(
        unlike_the_motion,
        lambda e, share: f"forces are {share:.0f} % of body weight from those that the filmed motion takes",
    ),
    # Said as of the whole motion: it is one reason for joints and forces.
    "off_the_film": Sign(off_the_film, lambda e, mm: POSE["moved_by_physics"].say(e, moved_by_physics(e))),
    "largest_jump": Sign(largest_jump, _when_it_jumps),
    "unsteady": Sign(unsteady, lambda e, rate: f"forces ring, by {rate:.1f} body weights a second"),
    "loaded_sole_speed": Sign(loaded_sole_speed, lambda e, speed: f"loaded soles slide at {speed:.0f} mm/s"),
    "without_weight": Sign(
        without_weight, lambda e, share: f"feet stand but carry nothing in {share:.0f} % of the frames"
    ),
    "left_out": Sign(left_out, lambda e, share: f"{share:.0f} % of the frames are not simulated"),
}
