"""Videos of every awkward kind, made here with PyAV."""

from __future__ import annotations

import multiprocessing
import os
import struct
import tracemalloc
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from support import HANGS

from motionrecon.core.prefetch import prefetch
from motionrecon.errors import InputError
from motionrecon.video import frames, probe

av = pytest.importorskip("av")


def write(
    path: Path,
    count: int = 30,
    fps: int = 30,
    size: tuple[int, int] = (96, 64),
    times: list[int] | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """A video whose frame k has brightness 5 k + 20, and a bright upper left quarter; ``times`` in milliseconds."""
    with av.open(str(path), "w", format="mp4", options=options or {}) as container:
        stream = container.add_stream("libx264", rate=fps, options={"crf": "10", "g": "10", "bf": "0", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for k in range(count):
            image = np.full((size[1], size[0], 3), min(255, 20 + 5 * k), np.uint8)
            image[: size[1] // 2, : size[0] // 2] = 255
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            if times is not None:
                frame.pts, frame.time_base = times[k], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def rotate(path: Path, degrees: int) -> None:
    """Write a display matrix for a clockwise turn into an MP4's track header, as a phone does."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    one = 1 << 16
    a, b = {90: (0, one), 180: (-one, 0), 270: (0, -one)}[degrees]
    data[at : at + 36] = struct.pack(">9i", a, b, 0, -b, a, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


def index_of(image: np.ndarray) -> int:
    """Which frame of `write` this is."""
    return round((float(np.median(image[-8:, -8:])) - 20) / 5)


def test_reads_every_frame_in_order(tmp_path: Path) -> None:
    info = probe(write(tmp_path / "clip.mp4"))
    assert (info.image_size, info.fps, info.frame_count) == ((96, 64), 30.0, 30)
    assert not info.variable_frame_rate and not info.warnings
    images = list(frames(info.path))
    assert [index_of(image) for image in images] == list(range(30))
    assert images[0].shape == (64, 96, 3) and images[0].dtype == np.uint8 and images[0].flags.c_contiguous


def test_names_with_spaces_unicode_and_colons(tmp_path: Path) -> None:
    assert len(list(frames(write(tmp_path / "Été 走る: take 1.mp4", count=5)))) == 5


@pytest.mark.parametrize("fps", [5, 240])
def test_slow_and_fast_clips(tmp_path: Path, fps: int) -> None:
    info = probe(write(tmp_path / "clip.mp4", count=20, fps=fps))
    assert info.fps == pytest.approx(fps) and not info.variable_frame_rate
    assert [index_of(image) for image in frames(info.path)] == list(range(20))


def test_range_is_half_open_and_seeks(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.mp4", count=45, fps=10)
    assert [index_of(image) for image in frames(path, start=3.0, end=3.5)] == [30, 31, 32, 33, 34]
    assert [index_of(image) for image in frames(path, end=0.3)] == [0, 1, 2]


def test_another_clock_takes_the_nearest_frame(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.mp4", count=30, fps=30)
    assert [index_of(image) for image in frames(path, fps=10)] == list(range(0, 30, 3))
    doubled = [index_of(image) for image in frames(path, fps=60)]
    assert all(abs(index - k / 2) <= 0.5 for k, index in enumerate(doubled)) and len(doubled) == 60


@pytest.mark.parametrize(("degrees", "corner"), [(90, (0, -1)), (180, (-1, -1)), (270, (-1, 0))])
def test_rotation_is_honoured(tmp_path: Path, degrees: int, corner: tuple[int, int]) -> None:
    path = write(tmp_path / "phone.mp4", count=4)
    rotate(path, degrees)
    info = probe(path)
    assert info.image_size == ((64, 96) if degrees != 180 else (96, 64))
    image = next(frames(path))
    assert image.shape[1::-1] == info.image_size and image.flags.c_contiguous
    assert image[corner].min() > 200  # the bright quarter was at the upper left
    others = [image[y, x].max() for y in (0, -1) for x in (0, -1) if (y, x) != corner]
    assert max(others) < 100


def test_variable_frame_rate_goes_on_an_even_clock_and_is_said(tmp_path: Path) -> None:
    times = [0, 33, 67, 100, 300, 333, 367, 400, 700, 733, 767, 800]
    info = probe(write(tmp_path / "vfr.mp4", count=len(times), times=times))
    assert info.variable_frame_rate and any("variable frame rate" in text for text in info.warnings)
    seen = [index_of(image) for image in frames(info.path)]
    assert len(seen) == info.frame_count == pytest.approx(0.8 * info.fps + 1, abs=1)
    nearest = [int(np.abs(np.array(times) / 1000 - k / info.fps).argmin()) for k in range(len(seen))]
    assert np.abs(np.array(seen) - nearest).max() <= 1 and np.mean(np.array(seen) == nearest) > 0.9


def test_large_frames_are_scaled_down_only_on_request(tmp_path: Path) -> None:
    path = write(tmp_path / "large.mp4", count=2, size=(640, 320))
    assert next(frames(path)).shape == (320, 640, 3)
    assert next(frames(path, max_side=100)).shape == (50, 100, 3)


def test_memory_does_not_grow_with_the_clip(tmp_path: Path) -> None:
    path = write(tmp_path / "long.mp4", count=200, size=(160, 120))
    tracemalloc.start()
    for _ in frames(path):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * 160 * 120 * 3


def test_truncated_file_gives_what_can_be_decoded_and_warns(tmp_path: Path) -> None:
    path = write(tmp_path / "cut.mp4", count=60, size=(320, 240), options={"movflags": "faststart"})
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.6)])
    info = probe(path)
    assert any("cut short" in text for text in info.warnings)
    assert 2 <= len(list(frames(path))) < 60


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.mp4", b"", "empty"),
        ("noise.mp4", b"no video at all" * 100, "not a video"),
        ("notes.txt", b"dear diary\n" * 50, "not a video"),
    ],
)
def test_what_is_not_a_video(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=said) as caught:
        probe(tmp_path / name)
    assert "\n" not in str(caught.value) and name in str(caught.value)


def test_missing_file_folder_and_headless_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        probe(tmp_path / "nothing.mp4")
    with pytest.raises(InputError, match="folder"):
        probe(tmp_path)
    path = write(tmp_path / "cut.mp4")  # its index lies at the end, and is cut off
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match="cut short"):
        probe(path)


def test_sound_only(tmp_path: Path) -> None:
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.rate = 16000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(InputError, match="sound only"):
        probe(path)


def test_one_frame_is_no_motion(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="one frame"):
        probe(write(tmp_path / "still.mp4", count=1))


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (-1, None, "start=-1"),
        (5, None, "start=5"),
        (None, 9, "end=9"),
        (0.5, 0.2, "end=0.2"),
        (0.5, 0.51, "0 of 30 frames, and a motion needs 4"),
    ],
)
def test_ranges_outside_the_clip(tmp_path: Path, start: float | None, end: float | None, said: str) -> None:
    path = write(tmp_path / "clip.mp4")
    with pytest.raises(InputError, match=said):
        frames(path, start, end)


def test_prefetch_keeps_order_and_carries_errors() -> None:
    def items():
        yield from range(5)
        raise ValueError("broken")

    seen = []
    with pytest.raises(ValueError, match="broken"):
        seen.extend(prefetch(items(), ahead=2))
    ahead = prefetch(i for i in range(10**9))
    assert next(ahead) == 0
    ahead.close()  # an early end does not hang


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
def test_a_forked_process_reads_too(tmp_path):
    """As `multiprocessing` makes them on Linux: threads of the parent do not exist there."""
    path = write(tmp_path / "clip.mp4")
    assert sum(1 for _ in frames(path)) == 30
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply_async(_count, (path,)).get(timeout=HANGS) == 30


def _count(path: Path) -> int:
    return sum(1 for _ in frames(path))
