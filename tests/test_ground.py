"""The ground: how high points are above it, and what is simulated of it."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import mujoco
import numpy as np
import pytest

from motionrecon.ground.plane import Plane

POINTS = np.random.default_rng(0).uniform(-1.0, 1.0, (4, 5, 3))


@pytest.mark.parametrize("height", [0.0, 0.3])
def test_the_gap_to_a_plane_and_its_derivatives(height):
    ground, h = Plane(height), 1e-6
    gap, normal = ground.gap(POINTS)
    np.testing.assert_array_equal(gap, POINTS[..., 2] - height)
    for axis in range(3):
        step = h * np.eye(3)[axis]
        slope = (ground.gap(POINTS + step)[0] - ground.gap(POINTS - step)[0]) / (2 * h)
        np.testing.assert_allclose(normal[..., axis], slope, atol=1e-8)
    raised = (ground.raised(h).gap(POINTS)[0] - ground.raised(-h).gap(POINTS)[0]) / (2 * h)
    np.testing.assert_allclose(raised, -normal[..., 2], atol=1e-8)


@pytest.mark.parametrize("height", [0.0, 0.3, -1 / 3])
def test_a_plane_is_simulated_where_it_is(height):
    root = ET.Element("mujoco")
    Plane(height).add_to(ET.SubElement(root, "worldbody"), {"friction": "0.7 0.005 0.0001"})
    model = mujoco.MjModel.from_xml_string(ET.tostring(root, encoding="unicode"))
    floor = model.geom("floor")
    assert floor.pos[2] == height and floor.friction[0] == 0.7
    assert (floor.contype, floor.conaffinity) == (1, 0)
