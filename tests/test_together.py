"""Settings of the process, while several threads hold them: the last one restores what the first one found."""

import threading

import mujoco
import numpy as np
import people
import pytest
from support import HANGS
from threadpoolctl import threadpool_info, threadpool_limits

import motionrecon
from motionrecon.core.blas import one_thread
from motionrecon.keypoints import Keypoints
from motionrecon.keypoints.file import save
from motionrecon.physics.rollout import quiet_mujoco


def blas() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def overlapping(context, inside) -> None:
    """One thread enters, another enters, the first leaves, the second leaves."""
    entered, left = threading.Event(), threading.Event()

    def second():
        with context():
            entered.set()
            left.wait(timeout=HANGS)
            inside()

    thread = threading.Thread(target=second)
    with context():
        thread.start()
        entered.wait(timeout=HANGS)
        inside()
    left.set()
    thread.join(timeout=HANGS)


def test_blas_has_its_threads_back():
    with threadpool_limits(limits=2, user_api="blas"):
        before, seen = blas(), []
        overlapping(one_thread, lambda: seen.append(blas()))
        assert seen[0] == {1} and blas() == before


def test_mujocos_warnings_are_the_users_again():
    heard = []
    before = mujoco.get_mju_user_warning()
    mujoco.set_mju_user_warning(heard.append)
    try:
        mine, seen = mujoco.get_mju_user_warning(), []
        overlapping(quiet_mujoco, lambda: seen.append(mujoco.get_mju_user_warning() is mine))
        assert seen == [False, False] and mujoco.get_mju_user_warning() is mine
    finally:
        mujoco.set_mju_user_warning(before)


def test_an_error_inside_restores_it_too():
    with threadpool_limits(limits=2, user_api="blas"):
        before = blas()
        with pytest.raises(ValueError), one_thread():
            raise ValueError
        assert blas() == before


def test_two_runs_in_two_threads_give_what_each_gives_alone(tmp_path):
    body, given = people.person(), []
    for number, lift in enumerate((0.0, 0.5)):
        seen = people.see(body, people.stepping(body, 10, lift=lift), people.camera(), noise=1.0)
        path = tmp_path / f"{number}.npz"
        save(Keypoints(seen.pixels, seen.confidence, seen.points_3d, np.ones(10, bool), 30.0, people.SIZE), path)
        given.append({"keypoints": path, "height": 1.75, "focal_px": 1000.0, "window": 0.3, "overlap": 0.1})
    alone = [motionrecon.reconstruct(**one) for one in given]
    together, before = {}, blas()

    def run(number):
        together[number] = motionrecon.reconstruct(**given[number], output=tmp_path / f"out{number}")

    threads = [threading.Thread(target=run, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=HANGS)
    assert blas() == before
    for number, motion in enumerate(alone):
        np.testing.assert_array_equal(together[number].qpos, motion.qpos)
        np.testing.assert_array_equal(together[number].contact_force, motion.contact_force)
