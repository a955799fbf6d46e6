"""Films whose time stamps are missing, start anew, jump, have gaps or come in odd orders: as a player shows them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import films
import numpy as np
import pytest
from films import index_of, seen, write
from looking import look_at_whole_pictures_only

from motionrecon.errors import InputError
from motionrecon.video import pictures, probe

av = pytest.importorskip("av")


def off(found: Sequence[int], expected: Sequence[int]) -> int:
    """By how much two sequences of frames of the same length differ at most."""
    return int(np.abs(np.subtract(found, expected, dtype=int)).max())


def held(path: Path) -> list[bool]:
    """Which frames of the even clock show a picture that is held."""
    return [picture.held for picture in pictures(path)]


@pytest.mark.parametrize(
    ("kind", "codec", "coded"),
    [
        ("h264", "libx264", {}),
        ("h264", "libx264", {"bf": "2", "preset": "medium"}),
        ("hevc", "libx265", {}),
        ("m4v", "mpeg4", {}),
        ("obu", "libsvtav1", {}),
    ],
)
def test_bare_streams_have_no_stamps_and_run_at_the_rate_of_their_header(tmp_path, kind, codec, coded) -> None:
    path = write(tmp_path / f"raw.{kind}", 20, 50, codec=codec, coded=coded, kind=kind)
    info = probe(path)
    assert info.frame_count == 20 and off(seen(path), range(20)) <= (codec == "mpeg4")
    assert info.fps == (50 if kind != "obu" else 25)  # AV1 carries no rate by default
    assert any("no time stamps" in text for text in info.warnings)
    assert off(seen(path, start=0.2, end=0.4), range(round(0.2 * info.fps), round(0.4 * info.fps))) <= 1


def test_a_bare_stream_is_known_by_its_content(tmp_path) -> None:
    path = write(tmp_path / "raw.h264", 12, kind="h264")
    path.rename(tmp_path / "clip.mp4")
    assert seen(tmp_path / "clip.mp4") == list(range(12))


@pytest.mark.parametrize("coded", [{"bf": "0"}, {"bf": "2", "preset": "medium"}])
@pytest.mark.parametrize("kind", ["mp4", "mov", "mkv", "avi", "ts", "flv"])
def test_orders_of_frames(tmp_path, kind, coded) -> None:
    path = write(tmp_path / f"clip.{kind}", 24, 30, coded=coded)
    info = probe(path)
    assert (info.frame_count, info.fps) == (24, pytest.approx(30, rel=1e-3)) and not info.warnings
    assert seen(path) == list(range(24))


@pytest.mark.parametrize(
    ("kind", "codec"),
    [
        ("webm", "libvpx-vp9"),
        ("webm", "libvpx"),
        ("mkv", "libx265"),
        ("mp4", "libx265"),
        ("mp4", "mpeg4"),
        ("avi", "mpeg4"),
        ("mkv", "mpeg4"),
        ("mp4", "libsvtav1"),
        ("mpg", "mpeg2video"),
        ("ogv", "libtheora"),
        ("wmv", "wmv2"),
        ("ivf", "libvpx"),
        ("y4m", "wrapped_avframe"),
    ],
)
def test_containers_and_codecs(tmp_path, kind, codec) -> None:
    if codec not in av.codec.codecs_available:
        pytest.skip(f"this FFmpeg writes no {codec}")
    path = write(tmp_path / f"clip.{kind}", 20, 25, codec=codec)
    info = probe(path)
    assert (info.frame_count, info.fps) == (20, pytest.approx(25, rel=1e-3))
    assert off(seen(path), range(20)) <= 1


@pytest.mark.parametrize("coded", [{}, {"bf": "2", "preset": "medium"}])
@pytest.mark.parametrize(("kind", "parts"), [("ts", 2), ("ts", 4), ("mkv", 2), ("mpg", 2), ("mpg", 4)])
def test_stamps_that_start_anew(tmp_path, kind, coded, parts) -> None:
    codec = "mpeg2video" if kind == "mpg" else "libx264"
    each = 40 // parts
    pieces = [
        write(tmp_path / f"{k}.{kind}", each, 30, first=k * each, coded={} if kind == "mpg" else coded, codec=codec)
        for k in range(parts)
    ]
    path = films.joined(tmp_path / f"joined.{kind}", *pieces)
    info = probe(path)
    assert info.fps == pytest.approx(30, rel=2e-3) and info.frame_count == 40
    assert off(seen(path), range(40)) <= (kind == "mpg")
    assert any("start anew" in text for text in info.warnings)


def test_large_films_that_are_joined_are_not_damaged(tmp_path) -> None:
    """FFmpeg takes a packet before the joint for damaged, by the count of MPEG-TS's own packets."""
    noise = np.random.default_rng(0).integers(0, 255, (64, 96, 3), dtype=np.uint8)
    parts = [
        write(tmp_path / f"{k}.ts", 18, first=18 * k, coded={"bf": "2", "preset": "medium", "crf": "1"}, noise=noise)
        for k in range(2)
    ]
    info = probe(films.joined(tmp_path / "joined.ts", *parts))
    assert (info.fps, info.frame_count, len(info.warnings)) == (30, 36, 1) and len(seen(info.path)) == 36


def test_a_stamp_that_jumps_in_a_broadcast_is_a_cut_and_elsewhere_a_held_picture(tmp_path) -> None:
    parts = [write(tmp_path / "a.ts", 10), write(tmp_path / "b.ts", 10, first=10, shift=300)]
    info = probe(films.joined(tmp_path / "cut.ts", *parts))
    assert info.frame_count == 20 and seen(info.path) == list(range(20))
    assert any("start anew or jump at 0.33 s of the film" in text for text in info.warnings)

    times = [33 * k for k in range(10)] + [15_000 + 33 * k for k in range(10)]
    info = probe(write(tmp_path / "held.mp4", 20, times=times))
    assert info.duration == pytest.approx(15.33, abs=0.05) and held(info.path).count(True) > 430


#: Seconds after which the clock of MPEG-TS begins again.
WRAP = Fraction(2**33, 90_000)


@pytest.mark.parametrize("wraps_after", [5, 15])
def test_a_clock_of_33_bits_wraps(tmp_path, wraps_after) -> None:
    path = write(
        tmp_path / "wrap.ts", 20, coded={"bf": "2", "preset": "medium"}, shift=WRAP - Fraction(wraps_after, 30)
    )
    info = probe(path)
    assert (info.fps, info.frame_count) == (30, 20) and seen(path) == list(range(20))


def test_a_clock_wraps_long_after_the_start(tmp_path) -> None:
    path = write(tmp_path / "wrap.ts", 90, fps=1, shift=WRAP - 75)
    info = probe(path)
    assert (info.fps, info.frame_count) == (1, 90) and len(seen(path)) == 90


EVEN = [round(1000 * k / 30) for k in range(30)]


@pytest.mark.parametrize("kind", ["mp4", "mkv", "mov", "ts"])
@pytest.mark.parametrize("after", [1, 15, 29])
def test_a_gap_holds_the_picture_and_is_told(tmp_path, kind, after) -> None:
    times = EVEN[:after] + [t + 1000 for t in EVEN[after:]]
    info = probe(write(tmp_path / f"gap.{kind}", 30, times=times))
    assert info.fps == pytest.approx(30, rel=1e-3) and info.frame_count == 60
    expected = [*range(after), *([after - 1] * 29), *([after] * 2), *range(after + 1, 30)]
    found = seen(info.path)
    assert len(found) == 60 and off(found, expected) <= 1 and off(found[-20:], expected[-20:]) == 0
    where = np.flatnonzero(held(info.path))
    assert 25 <= len(where) <= 29 and (after <= where).all() and (where < after + 30).all()
    told = f"no pictures from {(after - 1) / 30:.2f} to {(after + 30) / 30:.2f} s"
    assert any(told in text for text in info.warnings), info.warnings


def test_a_film_ends_when_its_last_picture_does(tmp_path) -> None:
    path = write(tmp_path / "end.mp4", 30, last_lasts=2)
    info = probe(path)
    assert info.frame_count == 89 and seen(path) == [*range(30), *([29] * 59)]
    assert [k for k, is_held in enumerate(held(path)) if is_held] == list(range(31, 89))


def test_few_gaps_in_a_long_film_do_not_change_its_rate(tmp_path) -> None:
    times = [round(1000 * k / 30) + 2000 * (k > 5) for k in range(300)]
    info = probe(write(tmp_path / "long.mkv", 300, times=times))
    assert info.fps == pytest.approx(30, rel=1e-3) and not info.variable_frame_rate
    assert info.frame_count == 360 and any(
        "no pictures from 0.17 to 2.20 s of the film" in text for text in info.warnings
    )


def test_what_is_not_held_is_never_far_from_a_picture(tmp_path) -> None:
    times = [0, 33, 67, 100, 300, 333, 367, 400, 450, 500, 550, 600, 700, 733, 767, 800]
    path = write(tmp_path / "uneven.mp4", len(times), times=times)
    info = probe(path)
    assert info.variable_frame_rate
    for k, picture in enumerate(pictures(path)):
        near = np.abs(np.array(times) / 1000 - k / info.fps).min()
        assert picture.distance == pytest.approx(near, abs=2e-3) and picture.held == (picture.distance > info.index.far)
        if not picture.held:
            assert abs(times[index_of(picture.image)] / 1000 - k / info.fps) < near + 2e-3


def test_a_range_within_a_film_with_gaps_and_breaks(tmp_path) -> None:
    parts = [write(tmp_path / f"{k}.ts", 40, 10, first=k, coded={"g": "5"}) for k in range(2)]
    path = films.joined(tmp_path / "joined.ts", *parts)
    assert seen(path, start=3.0, end=3.5) == [30, 31, 32, 33, 34]
    assert seen(path, start=7.0, end=7.5) == [31, 32, 33, 34, 35]
    assert seen(path, start=3.8, end=4.2) == [38, 39, 1, 2]


@pytest.mark.parametrize("kind", ["mp4", "mov", "mkv", "ts"])
@pytest.mark.parametrize("late", [Fraction(-1, 5), Fraction(2, 3), 100])
def test_films_that_start_early_or_late(tmp_path, kind, late) -> None:
    """A player starts with the first picture that is due; what an edit list cuts off is not shown."""
    path = write(tmp_path / f"start.{kind}", 30, shift=late)
    is_cut = late < 0 and kind in ("mp4", "mov")
    shown = list(range(6 if is_cut else 0, 30))
    assert seen(path) == shown and probe(path).frame_count == len(shown) and not probe(path).warnings


def test_repeated_stamps_are_passed_over(tmp_path) -> None:
    times = [0, 33, 67, 67, 100, 133, 167, 167, 200, 233]
    path = write(tmp_path / "twice.mkv", len(times), times=times)
    assert probe(path).frame_count == 8
    assert [times[k] for k in seen(path)] == [0, 33, 67, 100, 133, 167, 200, 233]


def test_stamps_that_are_all_alike_are_not_believed(tmp_path) -> None:
    path = write(tmp_path / "alike.mkv", 20, times=[0] * 20)
    info = probe(path)
    assert seen(path) == list(range(20)) and any("no time stamps" in text for text in info.warnings)


@pytest.mark.parametrize("times", [[0, 5000, 10_000, 15_000], [0, 500_000, 1_000_000, 1_000_033]])
def test_what_is_hardly_ever_filmed_is_no_film(tmp_path, times) -> None:
    path = write(tmp_path / "lapse.mp4", len(times), times=times)
    with pytest.raises(InputError, match=r"frames per second|nothing was filmed") as caught:
        probe(path)
    assert "\n" not in str(caught.value) and "lapse.mp4" in str(caught.value)


@pytest.mark.parametrize("coded", [{"g": "8"}, {"g": "8", "bf": "2", "preset": "medium"}])
@pytest.mark.parametrize("kind", ["mp4", "mkv", "ts", "avi", "flv", "mov"])
def test_a_range_late_in_a_film(tmp_path, kind, coded) -> None:
    path = write(tmp_path / f"long.{kind}", 45, 10, coded=coded)
    for first in (21, 30, 33, 43):
        assert seen(path, start=first / 10) == list(range(first, 45))
    assert seen(path, start=2.5, end=3.1) == [25, 26, 27, 28, 29, 30]


def test_nobody_is_looked_for_in_a_picture_that_is_held(tmp_path, monkeypatch) -> None:
    """And the words for what only decoding shows reach the user."""
    from motionrecon.keypoints import passes

    class Detector:
        def __init__(self, model: Path, size: tuple[int, int], video: bool) -> None:
            self.follows = video

        def __call__(self, frame: np.ndarray) -> list:
            if self.follows:
                looked_at.append(index_of(frame))
            return []

        def close(self) -> None:
            pass

    looked_at: list[int] = []
    monkeypatch.setattr(passes, "PoseDetector", Detector)
    look_at_whole_pictures_only(monkeypatch)
    parts = [
        write(tmp_path / "a.ts", 30, times=[t + 1000 * (k > 14) for k, t in enumerate(EVEN)]),
        write(tmp_path / "b.ts", 10, size=(64, 96)),
    ]
    info = probe(films.joined(tmp_path / "gap.ts", *parts))
    sight = passes.watch(lambda done: None, passes.DetectorRun(info, None, None, tmp_path, tmp_path))
    assert len(sight.seen) == 60 and sorted(set(looked_at)) == list(range(30)) and len(looked_at) <= 34
    assert any("from 96x64 to 64x96 at 2.00 s" in text for text in sight.warnings)
