"""What the report says of a motion."""

import numpy as np
import pytest
from motions import camera, walking

from motionrecon.core import landmarks
from motionrecon.core.clock import Clock
from motionrecon.ground.plane import Plane
from motionrecon.result.quality import quality
from motionrecon.views import View


@pytest.fixture(scope="module")
def motion():
    return walking(20)


def measured(motion, pixels, confidence=None):
    confidence = np.ones(pixels.shape[:2]) if confidence is None else confidence
    elsewhere = motion.joints + np.array([0.3, 0.0, 0.0])  # the joints' centres are for the floor alone
    weight, no_3d = landmarks.TRUST * np.sqrt(confidence), np.full((*pixels.shape[:2], 3), np.nan)
    view = View(camera(), Clock(motion.fps), pixels, weight, no_3d, motion.tracked)
    return quality(elsewhere, motion.joints, (view,), 1.70, Plane())


def test_a_motion_that_is_seen_where_it_is(motion):
    found = measured(motion, camera().project(motion.joints))
    assert found["reprojection_px"] < 1e-9 and found["reprojection_percent"] < 1e-9
    assert found["skate_percent"] > 50, "the feet of this motion are dragged along"
    assert {"penetration_mm", "float_mm"} <= set(found)


def test_pixels_and_percent_of_the_height(motion):
    pixels = camera().project(motion.joints) + np.array([3.0, 4.0])
    found = measured(motion, pixels)
    assert found["reprojection_px"] == pytest.approx(5.0)
    # 1.70 m at 4 m and 288 pixels of focal length are 122 pixels.
    assert found["reprojection_percent"] == pytest.approx(100 * 5 / 122, rel=0.05)


def test_only_confident_keypoints_of_the_limbs_count(motion):
    pixels, confidence = camera().project(motion.joints), np.ones((20, 33))
    pixels[:, landmarks.INDEX["mouth_left"]] += 100
    pixels[:, landmarks.INDEX["left_knee"]] += 100
    confidence[:, landmarks.INDEX["left_knee"]] = 0.49
    pixels[:5] = np.nan
    assert measured(motion, pixels, confidence)["reprojection_px"] < 1e-9
    confidence[:, landmarks.INDEX["left_knee"]] = 0.51
    assert measured(motion, pixels, confidence)["reprojection_px"] > 1


def test_no_confident_keypoint_at_all(motion):
    found = measured(motion, camera().project(motion.joints), np.zeros((20, 33)))
    assert np.isnan(found["reprojection_px"]) and np.isnan(found["reprojection_percent"])
