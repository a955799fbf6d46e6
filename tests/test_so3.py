"""Rotations: the ways between their forms, and their derivatives against central differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from motionrecon.core import so3

TURNS = st.lists(st.floats(-1.7, 1.7), min_size=3, max_size=3)
SIZES = [0.0, 1e-6, 0.9999e-4, 1.0001e-4, 0.01, 1.0, 3.0]
AXIS = np.array([0.6, -0.48, 0.64])


@given(TURNS)
def test_rotation_vectors_survive_the_way_through_a_quaternion(turn):
    quat = so3.exp(np.array(turn))
    assert np.linalg.norm(quat) == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(so3.log(quat), turn, atol=1e-9)
    np.testing.assert_allclose(so3.log(-quat), turn, atol=1e-9)


@given(TURNS, TURNS)
def test_all_forms_are_of_the_same_rotation(a, b):
    turns = np.array([a, b])
    np.testing.assert_allclose(so3.matrix(turns), Rotation.from_rotvec(turns).as_matrix(), atol=1e-12)
    first, second = so3.exp(turns)
    both = so3.multiply(second, first)
    expected = so3.matrix(turns[1]) @ so3.matrix(turns[0])
    np.testing.assert_allclose(so3.matrix(so3.log(both)), expected, atol=1e-9)
    np.testing.assert_allclose(so3.matrix(so3.log(so3.from_matrix(expected))), expected, atol=1e-9)
    np.testing.assert_allclose(so3.multiply(first, so3.conjugate(first)), [1, 0, 0, 0], atol=1e-12)
    np.testing.assert_allclose(so3.skew(turns[0]) @ turns[1], np.cross(*turns), atol=1e-12)


@pytest.mark.parametrize("size", SIZES)
def test_the_exponential_follows_its_vector(size):
    turn, h = size * AXIS, 1e-6
    for i, nudge in enumerate(h * np.eye(3)):
        apart = so3.multiply(so3.conjugate(so3.exp(turn - nudge)), so3.exp(turn + nudge))
        np.testing.assert_allclose(so3.right_jacobian(turn)[:, i], so3.log(apart) / (2 * h), atol=1e-7)
        # exp(d) exp(turn) = exp(turn) exp(R' d): what a turn before it becomes after it.
        apart = so3.multiply(so3.exp(nudge), so3.exp(turn))
        after = so3.log(so3.multiply(so3.conjugate(so3.exp(turn)), apart)) / h
        np.testing.assert_allclose(so3.matrix(-turn)[:, i], after, atol=1e-6)


@pytest.mark.parametrize("size", SIZES)
def test_the_logarithm_follows_a_turn(size):
    turn, h = size * AXIS, 1e-6
    for i, nudge in enumerate(h * np.eye(3)):
        ahead, behind = (so3.log(so3.multiply(so3.exp(turn), so3.exp(s * nudge))) for s in (1, -1))
        np.testing.assert_allclose(so3.log_jacobian(turn)[:, i], (ahead - behind) / (2 * h), atol=1e-6)
    np.testing.assert_allclose(so3.log_jacobian(turn) @ so3.right_jacobian(turn), np.eye(3), atol=1e-7)


@given(TURNS, st.integers(0, 100))
def test_vectors_are_carried_onto_others_by_the_turn_between_them(turn, seed):
    rng = np.random.default_rng(seed)
    vectors, weight = rng.normal(size=(6, 3)), rng.uniform(0.1, 1.0, 6)
    true = so3.matrix(np.array(turn))
    np.testing.assert_allclose(so3.aligning(vectors, vectors @ true.T), true, atol=1e-9)
    others = vectors @ true.T + 0.1 * rng.normal(size=vectors.shape)
    best, _ = Rotation.align_vectors(others, vectors, weights=weight)
    np.testing.assert_allclose(so3.aligning(vectors, others, weight), best.as_matrix(), atol=1e-6)


def test_a_mirror_image_is_not_a_turn():
    vectors = np.random.default_rng(0).normal(size=(6, 3))
    turn = so3.aligning(vectors, vectors * [1.0, 1.0, -1.0])
    assert np.linalg.det(turn) == pytest.approx(1.0)
