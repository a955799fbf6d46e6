"""Which way is up, where no calibration says so.

A person who stands or walks has the centre of mass over the feet, on average over a clip; people look otherwise from
above and from below, which a network has learned (`motionrecon.depth`); and behind the person edges of doors and walls
are vertical. Each gives the direction of up with a standard deviation, and their Gaussian product is what the fit
begins from; it then refines it together with the motion. Of somebody who gets up from the floor or tumbles the first
tells little: there lines decide that agree near where a level camera has up, or that it is held level. It tells little,
too, of who has their knees bent all the time, as who squats and who sits look alike in a world that is turned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from motionrecon.body.tangent import PLACE, QUATERNION
from motionrecon.cameras.manhattan import Manhattan, manhattan, told_in
from motionrecon.cameras.up import HELD_LEVEL, LEVEL_ERROR, Direction, Gravity, Verticals
from motionrecon.cameras.verticals import verticals
from motionrecon.core import so3
from motionrecon.core.vectors import across
from motionrecon.kinematics.state import Trajectory
from motionrecon.kinematics.upright import uprightness
from motionrecon.views import View

#: Standard deviation of up as standing tells it, radians: of 25 clips, half are within 4 degrees, and one is 22 off.
STANDING = 0.09
#: Likewise of who has the knees bent nearly all the time, and sits or squats; and the share of what frames of guesses
#: tell from which it is taken to be all that is known.
CROUCHING, _GUESSED = 0.3, 0.5
#: Who is farther from their mean uprightness than that on average, radians, gets up, lies or tumbles: then lines count
#: that agree where up would be if the camera were level.
_UNSTEADY = 0.2
#: Nobody holds a camera so far from level, radians: who is unsteady, and has the centre of mass over the feet only
#: if somebody did, lies or crawls for most of the clip.
_LIES = 0.7
#: Share of people who would be upright only before such a camera, and who lie, crawl or lean on their hands, steadily,
#: and degrees of freedom (Student's t) of up by standing and by level cameras where one of them must be wrong.
_LYING, _FREEDOM = 0.25, 5.0
#: Standard deviations from what standing says at which lines are taken for something else's, and between what a room's
#: lines and its vertical ones say at which these are.
_ANOTHER, _AGREE = 4.0, 2.0


def gravity(x: Trajectory, fps: float, views: Sequence[View] = ()) -> Gravity:
    """Which way is up, as the person stands and looks and as the lines say that the views saw; in the views' world.

    Args:
        x: a trajectory in a world that may be tilted.
        fps: frames per second.
        views: by cameras as they were given.
    """
    upright, unsteady, guessed = uprightness(x, fps)
    unsure = guessed > _GUESSED
    standing, looks = Direction.about(x.turn.T @ upright, CROUCHING if unsure else STANDING), _looks(views)
    expected = standing if looks is None else _together([looks, standing])
    level = _together([_level(view) for view in views]) if views else expected
    counted = level if unsure and views else None
    if counted is not None:
        expected = _together([expected, counted])
    tilted = np.arccos(np.clip(level.up @ expected.up, -1.0, 1.0)) > _LIES
    lies = tilted and unsteady > _UNSTEADY
    # Of who lies, those that agree with it would be level ones.
    lines = None if lies else straight_lines(views, None if unsure else expected)
    if tilted and not lies and not unsure:
        held = straight_lines(views)
        if held is not None and (lines is None or _likelier(held.up, lines.up, expected, level)):
            return Gravity(standing, looks, held, None, held)
    if lines is not None:
        return Gravity(standing, looks, lines, counted, _together([expected, lines]))
    lines = straight_lines(views) if unsteady > _UNSTEADY else None
    if lines is not None:
        return Gravity(standing, looks, lines, None, lines)
    if lies:
        return Gravity(standing, looks, None, level, level)
    return Gravity(standing, looks, None, counted, expected)


def _likelier(
    one: Float[np.ndarray, " 3"], other: Float[np.ndarray, " 3"], standing: Direction, level: Direction
) -> bool:
    """Whether one up is likelier than another, by who seems to stand, but may lie, and by how cameras are held."""
    sigma = float(np.sqrt(0.5 * np.trace(standing.covariance)))

    def likely(up: Float[np.ndarray, " 3"]) -> float:
        away, tilt = (np.arccos(np.clip(up @ said.up, -1.0, 1.0)) for said in (standing, level))
        stands = (1.0 + (away / sigma) ** 2 / _FREEDOM) ** (-0.5 * (_FREEDOM + 2)) / (2 * np.pi * sigma**2)
        held = (1.0 + (tilt / LEVEL_ERROR) ** 2 / _FREEDOM) ** (-0.5 * (_FREEDOM + 2))
        return float(((1.0 - _LYING) * stands + _LYING / (4 * np.pi)) * held)

    return likely(one) > likely(other)


def beforehand(views: Sequence[View]) -> Direction | None:
    """Which way is up, as it is known before anybody's pose is: from how people look, and from lines.

    Args:
        views: with what their looks say.
    """
    looks = _looks(views)
    if looks is None:
        return None
    lines = straight_lines(views, looks)
    return looks if lines is None else _together([looks, lines])


def _looks(views: Sequence[View]) -> Direction | None:
    """Up as all views say it by how the person looks to them."""
    said = [view.upright for view in views if view.upright is not None]
    return _together(said) if said else None


def straight_lines(views: Sequence[View], expected: Direction | None = None) -> Verticals | None:
    """Up as the straight lines of all views say it, near where it is expected; else where cameras are held level."""
    seen = [found for view in views if (found := _seen(view, expected or _level(view))) is not None]
    if not seen:
        return None
    whole = _together(seen)
    return Verticals(whole.up, whole.covariance, sum(one.count for one in seen))


def _level(view: View) -> Direction:
    """Up in the world in which a view's camera was given, if it is held as cameras are."""
    return HELD_LEVEL.turned(view.camera.axes[0].T)


def _seen(view: View, likely: Direction) -> Verticals | None:
    """Up as the lines of one view say it, in the world in which its camera was given."""
    if len(view.lines) == 0:
        return None
    camera = view.camera.at(slice(0, 1))  # the lines are those of its first picture
    axes = camera.axes
    expected = likely.turned(axes[0])
    rays, focal = camera.rays(view.lines.reshape(1, -1, 2)).reshape(-1, 2, 2), told_in(camera)
    error = float(np.sqrt(0.5 * np.trace(expected.covariance)))
    room = manhattan(rays, focal, expected.up, error, view.lens_error)
    upright = verticals(rays, focal, expected)
    found = upright if room is None else _of_room(room, upright, expected)
    if found is None or _apart(found, expected) > _ANOTHER:
        return None
    return found.turned(axes[0].T)


def _of_room(room: Manhattan, upright: Verticals | None, expected: Direction) -> Verticals:
    """Up as all lines of a room say it, or the vertical ones: the surer of both; if they disagree, the likelier."""
    found = Verticals(room.up, Direction.about(room.up, room.error).covariance, room.count)
    if upright is None:
        return found
    if _apart(upright, found) > _AGREE:
        return upright if upright.up @ expected.up > found.up @ expected.up else found
    return upright if np.trace(upright.covariance) < np.trace(found.covariance) else found


def _apart(one: Direction, other: Direction) -> float:
    """How many standard deviations two directions are apart."""
    tangent = across(one.up)
    away = tangent @ (other.up - one.up)
    return float(np.sqrt(away @ np.linalg.solve(tangent @ (one.covariance + other.covariance) @ tangent.T, away)))


def _together(directions: Sequence[Direction]) -> Direction:
    """The product of Gaussians of one direction."""
    up = directions[-1].up
    for _ in range(5):
        tangent = across(up)
        information = [np.linalg.inv(tangent @ one.covariance @ tangent.T) for one in directions]
        covariance = np.linalg.inv(np.sum(information, axis=0))
        pull = sum(info @ (tangent @ (one.up - up)) for info, one in zip(information, directions, strict=True))
        up = up + (covariance @ pull) @ tangent
        up /= np.linalg.norm(up)
    return Direction(up, tangent.T @ covariance @ tangent)


def levelled(x: Trajectory, found: Gravity) -> Trajectory:
    """The same trajectory seen by the same cameras, in a world whose up was found."""
    turn, _ = Rotation.align_vectors([[0.0, 0.0, 1.0]], [x.turn @ found.up.up])
    return _turned(x, turn.as_matrix())


def tilting(x: Trajectory, found: Gravity, share: float) -> Float[np.ndarray, "2 2"]:
    """The matrix that makes a further tilt of the cameras of a levelled trajectory standard normal.

    Args:
        x: the trajectory, about whose x and y axes the cameras tilt.
        found: how sure it is which way is up.
        share: of the standard deviation, that is granted.
    """
    covariance = found.up.turned(x.turn).covariance[:2, :2]
    quarter = np.array([[0.0, -1.0], [1.0, 0.0]])  # what turns about x tilts towards y
    return np.asarray(np.linalg.inv(np.linalg.cholesky(share**2 * quarter @ covariance @ quarter.T)))


def _turned(x: Trajectory, turn: Float[np.ndarray, "3 3"]) -> Trajectory:
    """The trajectory in a world turned about the origin; the ground is put under the lowest soles."""
    qpos, path = x.qpos.copy(), x.path
    if path is not None:  # along the ground, in either world
        qpos[:, PLACE] -= path
        path = path @ turn.T * [1.0, 1.0, 0.0]
    qpos[:, PLACE] = qpos[:, PLACE] @ turn.T
    if path is not None:
        qpos[:, PLACE] += path
    qpos[:, QUATERNION] = so3.multiply(so3.from_matrix(turn), x.qpos[:, QUATERNION])
    y = replace(x, qpos=qpos, turn=turn @ x.turn, path=path)
    return replace(y, ground=y.ground.raised(float(np.percentile(y.over.min(1), 10))))
