"""Rows that are worked on by several threads at once."""

import multiprocessing
import os
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import HANGS

from motionrecon.core.shares import in_shares


@given(rows=st.integers(0, 40), threads=st.integers(1, 5))
def test_every_row_is_worked_on_once_in_as_many_shares_as_there_are_threads(rows, threads):
    times, shares = np.zeros(rows, int), []

    def work(some: slice) -> None:
        times[some] += 1
        shares.append(some)

    in_shares(rows, work, threads)
    assert (times == 1).all()
    assert len(shares) == max(1, min(rows, threads))


def test_shares_are_worked_on_at_the_same_time():
    both = threading.Barrier(2, timeout=HANGS)  # who waits alone raises

    def work(some: slice) -> None:
        both.wait()

    in_shares(2, work, 2)
    assert not both.broken


@pytest.mark.parametrize("faulty", [0, 1])
def test_an_error_in_any_share_is_raised_after_the_others_are_done(faulty):
    done = []

    def work(some: slice) -> None:
        if some.start == faulty:
            raise ValueError(f"share {faulty}")
        done.append(some.start)

    with pytest.raises(ValueError, match=f"share {faulty}"):
        in_shares(2, work, 2)
    assert done == [1 - faulty]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
def test_a_forked_process_has_threads_of_its_own():
    in_shares(2, lambda some: None, 2)
    process = multiprocessing.get_context("fork").Process(target=in_shares, args=(2, print, 2))
    process.start()
    process.join(60.0)
    if process.is_alive():
        process.kill()
    assert process.exitcode == 0
