"""Limbs that a fit has left on the wrong side of their joints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from people import camera, person, see, stepping

from motionrecon.core.landmarks import INDEX, MIRROR
from motionrecon.kinematics.limbs import freed
from motionrecon.kinematics.state import Trajectory

PLACES = [(3.2, -2.4, 1.3), (-2.9, -2.6, 1.5)]
STUCK = slice(10, 30)


def bent(side: str, joint: str) -> tuple[Trajectory, list]:
    """Somebody whose limb is bent as far as it goes in some frames, and what two cameras saw: that it was not."""
    body = person()
    qpos = stepping(body, 40)
    views = [see(body, qpos, camera(place)).view for place in PLACES]
    wrong = qpos.copy()
    for i in range(1, body.model.njnt):
        name = body.model.joint(i).name
        if name.startswith(f"{side}_{joint}"):
            wrong[STUCK, body.model.jnt_qposadr[i]] = body.model.jnt_range[i, 0]
    return Trajectory(body, wrong, body.ground), views


def away(x: Trajectory, true: np.ndarray, side: str, joint: str) -> float:
    """How far a joint is from the truth in the frames, metres, on average."""
    mark = INDEX[f"{side}_{joint}"]
    return float(np.linalg.norm(x.marks[STUCK, mark] - true[STUCK, mark], axis=-1).mean())


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(("joint", "end"), [("shoulder", "wrist"), ("hip", "ankle")])
def test_a_limb_is_put_where_the_views_see_it(side, joint, end) -> None:
    x, views = bent(side, joint)
    true = replace(x, qpos=stepping(x.body, 40)).marks
    found = freed(x, views)
    assert away(x, true, side, end) > 0.3 and away(found, true, side, end) < 0.12
    other = np.ones(len(x), bool)
    other[STUCK] = False
    np.testing.assert_array_equal(found.qpos[other], x.qpos[other])
    np.testing.assert_array_equal(found.qpos[:, :7], x.qpos[:, :7])


def test_limbs_that_are_where_they_are_seen_stay() -> None:
    x, views = bent("left", "shoulder")
    right = replace(x, qpos=stepping(x.body, 40))
    assert freed(right, views) is right


def test_one_view_of_two_that_saw_somebody_else_frees_nothing_for_good() -> None:
    """The mean over the views is far off then, but no bend of the limb is nearer, and the fit keeps the better one."""
    from motionrecon.ground.plane import Plane
    from motionrecon.kinematics.fit import fit

    x, views = bent("left", "shoulder")
    pixels = views[1].pixels.copy()
    pixels[STUCK] = pixels[STUCK][:, MIRROR]
    mistaken = [views[0], replace(views[1], pixels=pixels)]
    figure = fit(mistaken, x.body, Plane())
    true = replace(x, qpos=stepping(x.body, 40)).marks
    other = [t for t in range(40) if not STUCK.start - 3 <= t < STUCK.stop + 3]
    left = np.linalg.norm(figure.landmarks[other] - true[other], axis=-1)[:, INDEX["left_wrist"]]
    assert left.mean() < 0.1
