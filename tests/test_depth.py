"""The detector's 3D, corrected by what was learned on rendered people."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from motionrecon.cameras.pinhole import Pinhole
from motionrecon.cameras.sightline import turns_to
from motionrecon.core.clock import Clock
from motionrecon.core.landmarks import COUNT
from motionrecon.depth import NETWORK
from motionrecon.depth.corrected import LOOKING, corrected, looks_upright
from motionrecon.depth.files import SHIPPED, DepthNetwork, read, save
from motionrecon.depth.network import FEATURES, Sighting, initial, says, together
from motionrecon.errors import ModelError
from motionrecon.keypoints.file import keypoints_of
from motionrecon.views import View

SIZE = (1280, 720)


def weights(seed: int = 0, width: int = 8) -> dict[str, np.ndarray]:
    """Of a network that says something, untaught."""
    rng = np.random.default_rng(seed)
    members = [initial(width, rng) for _ in range(2)]
    for member in members:
        member["out.w"] = 0.1 * rng.standard_normal(member["out.w"].shape).astype(np.float32)
    return together(members)


def view(seed: int = 0, calibrated: bool = True, aside: float = 0.0, T: int = 5) -> View:
    """Somebody four metres away, and a guess of their depth, as a detector sees them cut out."""
    rng = np.random.default_rng(seed)
    K = np.array([[900.0, 0, 640], [0, 900, 360], [0, 0, 1]])
    camera = Pinhole(K, SIZE, np.eye(3), np.zeros(3), calibrated=calibrated)
    points = rng.normal(0, 0.3, (T, COUNT, 3))
    points -= points[:, [23, 24]].mean(1, keepdims=True)
    turn = turns_to(np.broadcast_to([aside, 0.0], (1, COUNT, 2)))[0]
    there = (points + np.array([0.0, 0.0, 4.0])) @ turn.T
    pixels = there[..., :2] / there[..., 2:] * 900 + [640, 360]
    seen = keypoints_of(pixels, np.full((T, COUNT), 0.8), points, 30.0, SIZE)
    return View.of(replace(seen, detector="full"), camera, Clock(30.0))


def test_what_comes_with_motionrecon_is_checked_and_small():
    network = read(SHIPPED.find(NETWORK))
    assert sum(value.size for value in network.weights.values()) <= 500_000
    assert set(SHIPPED.records()) == {NETWORK} and int(network.facts["pictures"]) > 500


def test_untaught_members_correct_nothing():
    seen, rng = view(), np.random.default_rng(0)
    network = DepthNetwork(together([initial(4, rng), initial(4, rng)]), {})
    up = looks_upright(seen, network)
    np.testing.assert_allclose(up.up, [0, -1, 0], atol=0.02)  # a level camera's, about
    found = corrected(seen, network, up.up)
    np.testing.assert_allclose(found.points_3d, seen.points_3d, atol=1e-6)
    assert found.corrected and not seen.corrected


@pytest.mark.parametrize("calibrated", [True, False])
def test_where_a_person_is_in_the_picture_changes_nothing_of_the_correction(calibrated):
    network = DepthNetwork(weights(), {})
    middle, aside = (view(calibrated=calibrated, aside=a) for a in (0.0, 0.4))
    turn, was = (turns_to(view.camera.rays(view.pixels)) for view in (aside, middle))
    one, other = corrected(middle, network), corrected(aside, network)
    np.testing.assert_allclose(one.points_3d @ was, other.points_3d @ turn, atol=0.02)


def test_a_guess_of_another_detector_or_none_stays_as_it_is():
    network, seen = DepthNetwork(weights(), {}), view()
    other = replace(seen, detector="")
    assert corrected(other, network) is other
    seen.points_3d[2] = np.nan
    seen.pixels[3, 5] = np.nan
    found = corrected(seen, network)
    assert np.isnan(found.points_3d[2]).all() and np.isfinite(found.points_3d[[0, 1, 3, 4]]).all()


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_numpy_and_torch_say_the_same(seed):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    features, points = rng.normal(size=(3, FEATURES)).astype(np.float32), rng.normal(size=(3, COUNT, 3))
    given_weights = weights(seed)
    ours = says(given_weights, features, points)
    theirs = says({k: torch.tensor(v) for k, v in given_weights.items()}, torch.tensor(features), torch.tensor(points))
    np.testing.assert_allclose(ours.points, theirs.points.numpy(), atol=1e-4)
    np.testing.assert_allclose(ours.doubt, theirs.doubt.numpy(), atol=1e-4)
    np.testing.assert_allclose(ours.up, theirs.up.numpy(), atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(ours.up, axis=1), 1.0, atol=1e-3)


def test_a_sighting_without_anything_is_finite():
    nothing = Sighting.of(np.full((2, COUNT, 2), np.nan), np.zeros((2, COUNT)), np.full((2, COUNT, 3), np.nan))
    assert np.isfinite(nothing.features()).all()


def test_files_come_back_and_others_are_refused(tmp_path):
    path = tmp_path / "mine.safetensors"
    save(DepthNetwork(weights(), {"pictures": "7"}), path)
    found = read(path)
    assert found.facts["pictures"] == "7"
    for name, value in weights().items():
        np.testing.assert_allclose(found.weights[name], value, atol=1e-3)
    with pytest.raises(ModelError, match="kind None"):
        read(_written(tmp_path, {"in.w": np.zeros(3)}, None))
    with pytest.raises(ModelError, match="does not fit"):
        read(_written(tmp_path, {"in.w": np.zeros(3)}, {"kind": "depth"}))
    with pytest.raises(ModelError, match="no numbers"):
        read(_written(tmp_path, weights() | {"in.b": np.full((2, 1, 8), np.nan, dtype=np.float32)}, {"kind": "depth"}))
    path.write_bytes(b"nonsense")
    with pytest.raises(ModelError, match="holds no weights"):
        read(path)


def _written(folder, tensors, about):
    from safetensors.numpy import save_file

    save_file(tensors, folder / "other.safetensors", metadata=about)
    return folder / "other.safetensors"


@pytest.mark.parametrize("calibrated", [True, False])
def test_up_is_told_in_the_axes_in_which_the_person_is_seen(calibrated):
    """Camera and world turned together change nothing of what the camera sees."""
    network, seen = DepthNetwork(weights(), {}), view(calibrated=calibrated)
    turn = Rotation.from_euler("xyz", [20, 30, 40], degrees=True).as_matrix()
    turned = replace(seen, camera=seen.camera.in_world(turn, np.zeros(3)))
    up = np.array([0.1, -0.9, 0.4]) / np.linalg.norm([0.1, -0.9, 0.4])
    one = corrected(seen, network, up)
    other = corrected(turned, network, turn @ up)
    np.testing.assert_allclose(one.points_3d, other.points_3d, atol=1e-5)
    assert np.abs(one.points_3d - corrected(seen, network).points_3d).max() > 1e-3  # it counts
    tells, there = looks_upright(seen, network), looks_upright(turned, network)
    np.testing.assert_allclose(turn @ tells.up, there.up, atol=1e-6)
    np.testing.assert_allclose(np.trace(tells.covariance), 2 * LOOKING**2)
    np.testing.assert_allclose(tells.covariance @ tells.up, 0.0, atol=1e-12)


def test_nobody_looks_upright_who_is_not_seen_by_a_detector_that_is_known():
    network, seen = DepthNetwork(weights(), {}), view()
    assert looks_upright(replace(seen, detector=""), network) is None
    assert looks_upright(replace(seen, points_3d=np.full_like(seen.points_3d, np.nan)), network) is None


def test_the_depth_that_was_asked_for_is_taken_and_what_changes_nothing_is_said():
    from types import SimpleNamespace

    from motionrecon.kinematics.stage import _deepened
    from motionrecon.run import Run

    run, seen = Run(), view()
    guessed, asked = SimpleNamespace(depth="guessed"), SimpleNamespace(depth="corrected")
    assert _deepened(run, (seen,), guessed) == (seen,)
    posed, unposed = (_deepened(run, (one,), asked)[0] for one in (seen, view(calibrated=False)))
    assert posed.corrected and unposed.corrected and posed.upright is None and unposed.upright is not None
    assert not run.warnings
    assert not _deepened(run, (replace(seen, detector=""),), asked)[0].corrected
    assert len(run.warnings) == 1 and "changes nothing" in run.warnings[0]
