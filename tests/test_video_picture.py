"""Films whose pictures lie in the file in odd ways: shown as a player shows them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import films
import numpy as np
import pytest
from films import seen, write

from motionrecon.errors import InputError
from motionrecon.video import frames, pictures, probe

av = pytest.importorskip("av")

#: What a player shows of a picture, and the display matrix (a, b, c, d) that says so; all eight.
ORIENTATIONS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], tuple[int, int, int, int]]] = {
    "as it is": (lambda image: image, (1, 0, 0, 1)),
    "clockwise": (lambda image: np.rot90(image, -1), (0, 1, -1, 0)),
    "half a turn": (lambda image: np.rot90(image, 2), (-1, 0, 0, -1)),
    "counter-clockwise": (lambda image: np.rot90(image, 1), (0, -1, 1, 0)),
    "mirrored": (np.fliplr, (-1, 0, 0, 1)),
    "upside down": (np.flipud, (1, 0, 0, -1)),
    "transposed": (lambda image: image.transpose(1, 0, 2), (0, 1, 1, 0)),
    "transposed the other way": (lambda image: np.rot90(image, 2).transpose(1, 0, 2), (0, -1, -1, 0)),
}


def first(path: Path, **options) -> np.ndarray:
    return next(frames(path, **options))


@pytest.mark.parametrize("kind", ["mp4", "mov"])
@pytest.mark.parametrize("name", ORIENTATIONS)
def test_all_eight_orientations(tmp_path, name, kind) -> None:
    shown, matrix = ORIENTATIONS[name]
    path = write(tmp_path / f"stored.{kind}", 2)
    stored = first(path)
    films.set_matrix(path, *matrix)
    image, info = first(path), probe(path)
    np.testing.assert_array_equal(image, shown(stored))
    assert image.flags.c_contiguous and image.shape[1::-1] == info.image_size and not info.warnings
    assert first(path, max_side=48).shape == ((32, 48, 3) if image.shape == stored.shape else (48, 32, 3))


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_orientations_of_matroska_and_of_the_stream_itself(tmp_path, name) -> None:
    """In Matroska, and as H.264 carries it within (an SEI message)."""
    shown, _ = ORIENTATIONS[name]
    stored = first(write(tmp_path / "stored.mp4", 2))
    turns = {"clockwise": 90, "half a turn": 180, "counter-clockwise": 270}.get(name, 0)
    path = tmp_path / "sei.mkv"
    if name in ("as it is", "clockwise", "half a turn", "counter-clockwise"):
        filters = f"h264_metadata=display_orientation=insert:rotate={turns}"
    else:
        flips = {"mirrored": "horizontal", "upside down": "vertical"}.get(name)
        if flips is None:
            pytest.skip("FFmpeg's filter writes turns and flips only")
        filters = f"h264_metadata=display_orientation=insert:flip={flips}"
    refiltered(write(tmp_path / "plain.mkv", 2), path, filters)
    image = first(path)
    if turns in (90, 270):
        assert image.shape == stored.transpose(1, 0, 2).shape
        opposite = np.rot90(image, 2)
        assert np.array_equal(image, shown(stored)) or np.array_equal(opposite, shown(stored))
    else:
        np.testing.assert_array_equal(image, shown(stored))


def refiltered(source: Path, path: Path, filters: str) -> Path:
    """A copy of a film whose packets went through a bitstream filter."""
    with av.open(str(source)) as old, av.open(str(path), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        context = av.BitStreamFilterContext(filters, old.streams.video[0])
        for packet in old.demux(video=0):
            for filtered in context.filter(packet if packet.size else None):
                filtered.stream = stream
                new.mux(filtered)
    return path


def test_a_matrix_with_a_scale_is_a_turn_and_a_tilt_is_told(tmp_path) -> None:
    path = write(tmp_path / "scaled.mp4", 2)
    stored = first(path)
    films.set_matrix(path, 0, 2, -2, 0)
    np.testing.assert_array_equal(first(path), np.rot90(stored, -1))
    films.set_matrix(path, 0.9659, 0.2588, -0.2588, 0.9659)  # 15 degrees
    np.testing.assert_array_equal(first(path), stored)
    assert any("tilted" in text for text in probe(path).warnings)
    films.set_matrix(path, 0, 0, 0, 0)
    np.testing.assert_array_equal(first(path), stored)


@pytest.mark.parametrize(("aspect", "width"), [(Fraction(4, 3), 128), (Fraction(1, 2), 48), (Fraction(1, 1000), 96)])
@pytest.mark.parametrize("kind", ["mp4", "mkv", "ts"])
def test_pixels_that_are_not_square(tmp_path, kind, aspect, width) -> None:
    path = write(tmp_path / f"oblong.{kind}", 3, pixel_aspect=aspect)
    info = probe(path)
    assert info.image_size == (width, 64) and first(path).shape == (64, width, 3)
    assert any("square" in text for text in info.warnings) == (width != 96)


def test_oblong_pixels_of_a_turned_film(tmp_path) -> None:
    path = films.set_matrix(write(tmp_path / "oblong.mp4", 3, pixel_aspect=Fraction(4, 3)), 0, 1, -1, 0)
    assert probe(path).image_size == (64, 128) and first(path).shape == (128, 64, 3)


@pytest.mark.parametrize(
    ("kind", "codec", "pix_fmt", "size"),
    [
        ("mp4", "libx264", "yuv444p", (97, 65)),
        ("mkv", "libx264", "yuv420p10le", (96, 64)),
        ("mkv", "libx265", "yuv420p10le", (96, 64)),
        ("mkv", "libx265", "yuv420p12le", (96, 64)),
        ("mp4", "libx264", "gray", (96, 64)),
        ("mkv", "libx264", "yuvj420p", (96, 64)),
        ("mkv", "libx264rgb", "rgb24", (96, 64)),
        ("mkv", "ffv1", "gray16le", (97, 65)),
        ("mkv", "ffv1", "yuva420p", (97, 65)),
        ("mkv", "ffv1", "bgra", (97, 65)),
        ("mkv", "ffv1", "gbrp16le", (97, 65)),
        ("avi", "mjpeg", "yuvj422p", (97, 65)),
        ("avi", "huffyuv", "rgb24", (96, 64)),
        ("avi", "rawvideo", "bgr24", (96, 64)),
        ("mov", "qtrle", "argb", (96, 64)),
        ("mov", "png", "rgba", (97, 65)),
        ("mov", "prores_ks", "yuva444p10le", (96, 64)),
        ("webm", "libvpx-vp9", "yuva420p", (96, 64)),
        ("gif", "gif", "rgb8", (97, 65)),
        ("gif", "gif", "gray", (97, 65)),
        ("apng", "apng", "rgba", (97, 65)),
    ],
)
def test_formats_of_pixels(tmp_path, kind, codec, pix_fmt, size) -> None:
    path = write(tmp_path / f"clip.{kind}", 6, 10, size, first=10, codec=codec, pix_fmt=pix_fmt)
    info = probe(path)
    assert (info.image_size, info.frame_count) == (size, 6)
    found = np.array(seen(path)) - np.arange(10, 16)
    assert np.abs(found).max() <= (5 if codec == "gif" else 2)
    image = first(path)
    assert image.shape == (size[1], size[0], 3) and image[0, 0].min() > 240 and image[0, -1].max() < 100


def two(path: Path, *streams: dict, options: dict[str, str] | None = None) -> Path:
    """A file with several streams: `of` each `films.encoded`'s arguments, and its disposition."""
    with av.open(str(path), "w", options=options or {}) as container:
        packets = []
        for stream in streams:
            disposition = stream.pop("disposition", None)
            packets += films.encoded(container, **stream)
            if disposition is not None:
                container.streams[-1].disposition = disposition
        for packet in packets:
            container.mux(packet)
    return path


FILM = {"count": 12, "size": (96, 64), "first": 20}
PREVIEW = {"count": 12, "size": (48, 32), "first": 2}
LARGER = {"count": 12, "size": (192, 128), "first": 2}
COVER = {"count": 1, "size": (400, 400), "codec": "mjpeg", "pix_fmt": "yuvj420p"}


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("kind", ["mp4", "mov", "mkv"])
def test_the_stream_that_is_marked_default_goes_before_a_larger_one(tmp_path, kind, order) -> None:
    streams = [FILM | {"disposition": 1}, LARGER | {"disposition": 0}][::order]
    path = two(tmp_path / f"two.{kind}", *streams)
    assert probe(path).image_size == (96, 64) and seen(path) == list(range(20, 32))


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(("kind", "marks"), [("mp4", 1), ("mov", 1), ("mkv", 0), ("mkv", 1), ("ts", 0)])
def test_of_streams_alike_the_larger_is_shown(tmp_path, kind, marks, order) -> None:
    streams = [FILM | {"disposition": marks}, PREVIEW | {"disposition": marks}][::order]
    path = two(tmp_path / f"two.{kind}", *streams)
    assert probe(path).image_size == (96, 64) and seen(path) == list(range(20, 32))


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(("kind", "mark"), [("mkv", 1 << 10), ("mp4", 1 << 10), ("mov", 0), ("mp4", 1), ("mkv", 1)])
def test_a_cover_is_never_the_film(tmp_path, kind, mark, order) -> None:
    streams = [FILM | {"disposition": 1 if mark != 1 else 0}, COVER | {"disposition": mark}][::order]
    path = two(tmp_path / f"cover.{kind}", *streams)
    assert probe(path).image_size == (96, 64) and seen(path) == list(range(20, 32))


def test_a_cover_alone_is_no_film(tmp_path) -> None:
    with av.open(str(tmp_path / "song.m4a"), "w", format="mp4") as container:
        sound = container.add_stream("aac", rate=16000, layout="mono")
        cover = films.encoded(container, **COVER)
        container.streams[-1].disposition = 1 << 10
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.rate = 16000
        for packet in [*sound.encode(frame), *sound.encode(None), *cover]:
            container.mux(packet)
    with pytest.raises(InputError, match="sound with a cover picture only"):
        probe(tmp_path / "song.m4a")


def test_the_range_and_the_sound_of_a_file_with_several_streams(tmp_path) -> None:
    path = two(tmp_path / "two.mkv", PREVIEW, FILM | {"count": 27})
    assert seen(path, start=0.5, end=0.7) == [35, 36, 37, 38, 39, 40]


@pytest.mark.parametrize("size", [(64, 96), (96, 48), (160, 64)])
def test_a_change_of_shape_ends_the_film_and_is_told_with_its_time(tmp_path, size) -> None:
    parts = [write(tmp_path / "a.ts", 15), write(tmp_path / "b.ts", 15, size=size, first=15)]
    path = films.joined(tmp_path / "joined.ts", *parts)
    said: list[str] = []
    shown = list(pictures(path, warn=said.append))
    assert len(shown) == 15 and {picture.image.shape for picture in shown} == {(64, 96, 3)}
    assert len(said) == 1 and f"from 96x64 to {size[0]}x{size[1]} at 0.50 s" in said[0]


def test_a_change_of_size_alone_is_scaled_and_told(tmp_path) -> None:
    parts = [
        write(tmp_path / f"{k}.ts", 10, size=s, first=10 * k) for k, s in enumerate([(96, 64), (192, 128), (96, 64)])
    ]
    path = films.joined(tmp_path / "joined.ts", *parts)
    said: list[str] = []
    shown = [films.index_of(picture.image) for picture in pictures(path, warn=said.append)]
    assert shown == list(range(30)) and len(said) == 2
    assert "from 96x64 to 192x128 at 0.33 s" in said[0] and "from 192x128 to 96x64 at 0.67 s" in said[1]


@pytest.mark.parametrize("change", ["rotate=90", "rotate=180", "flip=horizontal"])
def test_a_change_of_orientation_ends_the_film(tmp_path, change) -> None:
    turned = tmp_path / "turned.ts"
    refiltered(write(tmp_path / "b.ts", 15), turned, f"h264_metadata=display_orientation=insert:{change}")
    path = films.joined(tmp_path / "joined.ts", write(tmp_path / "a.ts", 15), turned)
    said: list[str] = []
    assert len(list(pictures(path, warn=said.append))) == 15
    assert len(said) == 1 and "at 0.50 s" in said[0] and "left out" in said[0]


def test_interlaced_films_are_told(tmp_path) -> None:
    path = write(tmp_path / "fields.ts", 6, 25, (96, 64), coded={"flags": "+ildct+ilme", "x264-params": "tff=1"})
    assert any("interlaced" in text for text in probe(path).warnings)
    assert not probe(write(tmp_path / "whole.ts", 6)).warnings


def test_the_viewer_shows_what_was_looked_at(tmp_path) -> None:
    import cv2

    from motionrecon.viewer.source_video import SourceVideo

    parts = [write(tmp_path / f"{k}.ts", 12, first=12 * k) for k in range(2)]
    joined = films.joined(tmp_path / "joined.ts", *parts)
    for path in (joined, films.set_matrix(write(tmp_path / "mirrored.mp4", 24), 0, 1, 1, 0)):
        info = probe(path)
        source = SourceVideo(path, count=24, fps=info.fps, image_size=info.image_size)
        for k, image in list(enumerate(frames(path)))[::-5]:
            while (jpeg := source.cached(k)) is None:
                source.decode_towards(k)
            picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
            assert picture.shape == image.shape and np.abs(picture.astype(int) - image).mean() < 6
        source.close()


@pytest.mark.parametrize("matrix", ["YCgCo", "fcc", "ICtCp", "bt2020c", "chroma-derived-c", "smpte2085"])
def test_colours_that_no_converter_knows_are_shown_as_usual(tmp_path, matrix) -> None:
    path = write(tmp_path / "odd.mkv", 4, first=10, coded={"x264-params": f"colormatrix={matrix}"})
    assert np.abs(np.array(seen(path)) - np.arange(10, 14)).max() <= 2
