"""What is refused before or while a video is opened, in which words; and that no other file is ever opened."""

from __future__ import annotations

import os
import socket
import struct
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

import films
import numpy as np
import pytest
from films import seen, write

from motionrecon.errors import InputError
from motionrecon.video import frames, probe

av = pytest.importorskip("av")


def refusal(path: str | Path) -> str:
    """The one line with which a path is refused."""
    with pytest.raises(InputError) as caught:
        probe(path)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 400 + len(str(path))
    return message


@pytest.fixture
def opened(monkeypatch) -> list[str]:
    """The names of all files that are opened from here on, by us or by FFmpeg."""
    names: list[str] = []
    listening = [True]

    def listen(event: str, arguments: tuple) -> None:
        if listening[0] and event == "open" and isinstance(arguments[0], (str, bytes, os.PathLike)):
            names.append(os.fsdecode(arguments[0]))

    sys.addaudithook(listen)
    yield names
    listening[0] = False


def neighbour_of(folder: Path) -> Path:
    """A video whose time of access is 1970, until it is read."""
    path = write_once(folder / "neighbour.mp4")
    os.utime(path, ns=(0, 0))
    path.read_bytes()
    if not was_read(path):
        pytest.skip("this file system does not note when files are read")
    os.utime(path, ns=(0, 0))
    return path


def was_read(path: Path) -> bool:
    """Whether a neighbour has been read, or opened and mapped."""
    return os.stat(path).st_atime_ns != 0


PLAYLISTS = {
    "ffconcat": "ffconcat version 1.0\nfile '{name}'\n",
    "ffconcat with a byte order mark": "\ufeff  ffconcat version 1.0\nfile '{name}'\n",
    "concat": "file '{name}'\n",
    "m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{name}\n#EXT-X-ENDLIST\n",
    "m3u": "#EXTM3U\n{path}\n",
    "dash": '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'profiles="urn:mpeg:dash:profile:isoff-main:2011"><Period><AdaptationSet><Representation id="1">'
    "<BaseURL>{name}</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "bare dash": '<MPD profiles="urn:mpeg:dash:profile:isoff-main:2011"><BaseURL>{name}</BaseURL></MPD>',
    "smooth": '<?xml version="1.0"?><SmoothStreamingMedia MajorVersion="2"/>',
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
    "pls": "[playlist]\nFile1={path}\n",
    "asx": '<ASX version="3.0"><Entry><Ref href="{path}"/></Entry></ASX>',
}


@pytest.mark.parametrize("suffix", ["mp4", "m3u8", "h264"])
@pytest.mark.parametrize("kind", PLAYLISTS)
def test_playlists_open_no_neighbour_whatever_they_are_called(tmp_path, kind, suffix) -> None:
    neighbour = neighbour_of(tmp_path)
    path = tmp_path / f"list.{suffix}"
    path.write_text(PLAYLISTS[kind].format(name=neighbour.name, path=neighbour), encoding="utf-8")
    assert "playlist" in refusal(path)
    assert not was_read(neighbour)


_written: list[bytes] = []


def write_once(path: Path) -> Path:
    """The same short film each time, coded once, under a plain name: PyAV chooses the format by it."""
    if not _written:
        with tempfile.TemporaryDirectory() as folder:
            _written.append(write(Path(folder) / "film.mp4", 5).read_bytes())
    path.write_bytes(_written[0])
    return path


def with_reference(path: Path, target: Path) -> Path:
    """A MOV whose pictures lie in another file: its sample entry's data reference is an alias (or a URL) of that."""
    data = bytearray(write_once(path).read_bytes())
    at = data.index(b"dref")
    old = struct.unpack(">I", data[at - 4 : at])[0]
    url = b"file://" + os.fsencode(target) + b"\0"
    entry = struct.pack(">I4sI", 12 + len(url), b"url ", 0) + url  # flags 0: not in this file
    alias_path = os.fsencode(target)
    body = bytes(150) + struct.pack(">hh", 2, len(alias_path)) + alias_path + bytes(len(alias_path) % 2)
    alias = struct.pack(">I4sI", 12 + len(body) + 4, b"alis", 0) + body + struct.pack(">hh", -1, 0)
    for reference in (entry, alias):
        box = struct.pack(">I4sII", 16 + len(reference), b"dref", 0, 1) + reference
        grown = data[: at - 4] + box + data[at - 4 + old :]
        for parent in (b"dinf", b"minf", b"mdia", b"trak", b"moov"):
            place = grown.index(parent) - 4
            size = struct.unpack(">I", grown[place : place + 4])[0] + len(box) - old
            grown[place : place + 4] = struct.pack(">I", size)
        path.with_stem(f"{path.stem}-{reference[4:8].decode().strip()}").write_bytes(grown)
    return path


@pytest.mark.parametrize("kind", ["url", "alis"])
def test_a_movie_whose_pictures_lie_in_another_file(tmp_path, kind) -> None:
    neighbour = neighbour_of(tmp_path)
    with_reference(tmp_path / "movie.mov", neighbour)
    path = tmp_path / f"movie-{kind}.mov"
    if kind == "alis":  # it is such a movie: FFmpeg follows it where it is allowed to
        av.open(str(path), options={"enable_drefs": "1", "use_absolute_path": "1"}).close()
        assert was_read(neighbour)
        os.utime(neighbour, ns=(0, 0))
    with suppress(InputError):
        list(frames(path))
    assert not was_read(neighbour)


def test_one_file_is_opened_and_no_other(tmp_path, opened) -> None:
    path = write_once(tmp_path / "clip.mp4")
    opened.clear()
    assert len(list(frames(path))) == 5
    assert {name for name in opened if name.startswith(str(tmp_path))} == {str(path)}


@pytest.mark.parametrize(
    "name",
    [
        "http://127.0.0.1:9/clip.mp4",
        "https://example.com/clip.mp4",
        "rtsp://127.0.0.1/live",
        "concat:a.mp4|b.mp4",
        "subfile,,start,0,end,100,,:a.mp4",
        "data:video/mp4;base64,AAAA",
        "pipe:0",
        "file:clip.mp4",
        "crypto:clip.mp4",
        "async:clip.mp4",
        "-",
        "frame_%02d.jpg",
        "frame_*.png",
        "lavfi:testsrc",
        "/dev/video0",
    ],
)
def test_addresses_protocols_and_patterns_are_no_files(tmp_path, monkeypatch, name) -> None:
    monkeypatch.chdir(tmp_path)
    write_once(tmp_path / "clip.mp4"), write_once(tmp_path / "a.mp4"), write_once(tmp_path / "b.mp4")
    assert "no such file" in refusal(name) or "regular file" in refusal(name)
    assert not name.startswith("http") or name in refusal(name), "with both its slashes"


@pytest.mark.parametrize(
    "name",
    [
        "file:clip.mp4",
        "concat:a|b.mp4",
        "http:x.mp4",
        "x_%02d.mp4",
        "x_%02d.jpg",
        "x_*.png",
        "take: 1?.mp4",
        "two\nlines.mp4",
        "-",
        "-i.mp4",
        "clip.M3U8",
        "clip",
        "clip.txt",
        "x" * 240 + ".mp4",
        b"caf\xe9.mp4",
        "Été 走る \N{RUNNER}.mp4",
    ],
)
def test_any_name_is_only_a_name(tmp_path, monkeypatch, name) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / os.fsdecode(name)
    try:
        write_once(path)
    except (OSError, UnicodeError):
        pytest.skip("this file system has no such names")
    assert len(seen(path)) == 5 and len(seen(Path(os.fsdecode(name)))) == 5


def test_numbered_pictures_beside_a_pattern_are_not_read(tmp_path) -> None:
    for k in range(3):
        write(tmp_path / f"x_{k:02d}.jpg", 1, codec="mjpeg", pix_fmt="yuvj420p", kind="image2", options={"update": "1"})
    message = refusal(tmp_path / "x_%02d.jpg")
    assert "no such file" in message and "numbered pictures" in message
    (tmp_path / "y_%02d.jpg").write_bytes((tmp_path / "x_00.jpg").read_bytes())
    assert "still picture" in refusal(tmp_path / "y_%02d.jpg")


def test_what_is_no_regular_file(tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    assert "regular file" in refusal(tmp_path / "pipe.mp4")
    for device in ("/dev/zero", "/dev/null", "/dev/stdin", "/dev/tty"):
        if Path(device).exists():
            refusal(device)
    server = socket.socket(socket.AF_UNIX)
    here = os.getcwd()
    os.chdir(tmp_path)  # a socket's name is short
    server.bind("socket.mp4")
    os.chdir(here)
    assert "regular file" in refusal(tmp_path / "socket.mp4")
    server.close()
    assert "folder" in refusal(tmp_path)
    (tmp_path / "loop.mp4").symlink_to(tmp_path / "loop.mp4")
    refusal(tmp_path / "loop.mp4")
    (tmp_path / "link.mp4").symlink_to(write_once(tmp_path / "clip.mp4"))
    assert len(seen(tmp_path / "link.mp4")) == 5
    assert "zero byte" in refusal("zero\0byte.mp4")
    refusal(tmp_path / ("x" * 5000))


def sound(path: Path, codec: str, rate: int = 16000, kind: str | None = None) -> Path:
    with av.open(str(path), "w", format=kind) as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 4 * 1152), np.int16), format="s16", layout="mono")
        samples.rate = rate
        for packet in [*stream.encode(samples), *stream.encode(None)]:
            container.mux(packet)
    return path


@pytest.mark.parametrize(
    ("kind", "codec"),
    [
        ("mp4", "aac"),
        ("m4a", "aac"),
        ("aac", "aac"),
        ("mp3", "libmp3lame"),
        ("wav", "pcm_s16le"),
        ("flac", "flac"),
        ("mkv", "flac"),
        ("ogg", "libopus"),
        ("aiff", "pcm_s16be"),
    ],
)
def test_sound_only(tmp_path, kind, codec) -> None:
    path = sound(tmp_path / f"song.{kind}", codec, 48000)
    assert "sound only" in refusal(path)
    assert "sound only" in refusal(path.rename(tmp_path / "song.mp4"))


def recoded(path: Path, old: bytes, new: bytes) -> Path:
    path.write_bytes(path.read_bytes().replace(old, new))
    return path


def test_an_unknown_codec_is_not_damage(tmp_path) -> None:
    for kind, old, new in (("mp4", b"avc1", b"zzzz"), ("mkv", b"V_MPEG4/ISO/AVC", b"V_MPEGX/ISO/XYZ")):
        message = refusal(recoded(write(tmp_path / f"new.{kind}", 5), old, new))
        assert "coded in a way that is unknown" in message and "convert" in message and "damaged" not in message
    message = refusal(write(tmp_path / "rare.avi", 5, codec="magicyuv", pix_fmt="gbrp"))
    assert "coded as magicyuv" in message and "convert" in message
    message = refusal(write(tmp_path / "rare.avi", 5, codec="zmbv", pix_fmt="bgr0"))
    assert "coded as zmbv" in message


def test_damage_is_neither(tmp_path) -> None:
    path = write_once(tmp_path / "cut.mp4")
    path.write_bytes(path.read_bytes()[:-200])
    assert "damaged" in refusal(path)
    data = bytearray(write_once(tmp_path / "noise.mp4").read_bytes())
    at = data.index(b"mdat") + 4
    length = struct.unpack(">I", data[at - 8 : at - 4])[0] - 8
    data[at : at + length] = np.random.default_rng(0).bytes(length)
    (tmp_path / "noise.mp4").write_bytes(data)
    assert "damaged" in refusal(tmp_path / "noise.mp4")


def test_an_animated_webp_and_stills_are_told(tmp_path) -> None:
    if "libwebp_anim" in av.codec.codecs_available:
        path = write(tmp_path / "x.webp", 3, codec="libwebp_anim", kind="webp")
        assert "WebP" in refusal(path)
    path = write(tmp_path / "x.png", 1, codec="png", pix_fmt="rgb24", kind="image2", options={"update": "1"})
    assert "still picture" in refusal(path)


def boxes(data: bytearray, *names: bytes) -> int:
    """Where the content of a box in a box begins."""
    at = 0
    for name in names:
        at = data.index(name, at) + 4
    return at


def test_a_header_may_claim_any_size(tmp_path) -> None:
    for width, height in ((65_535, 65_535), (30_000, 30_000), (16_000, 9000)):
        data = bytearray(write_once(tmp_path / "large.mp4").read_bytes())
        at = boxes(data, b"stsd", b"avc1") + 24
        data[at : at + 4] = struct.pack(">HH", width, height)
        (tmp_path / "large.mp4").write_bytes(data)
        try:  # the stream itself says its true size, which may be believed
            assert probe(tmp_path / "large.mp4").image_size[1] == 64
        except InputError as error:
            assert "pixels" in str(error) or "damaged" in str(error)
    for kind in ("gif", "y4m"):
        path = write(
            tmp_path / f"large.{kind}",
            3,
            codec="gif" if kind == "gif" else "wrapped_avframe",
            pix_fmt="rgb8" if kind == "gif" else "yuv420p",
        )
        data = bytearray(path.read_bytes())
        if kind == "gif":
            data[6:10] = struct.pack("<HH", 65_535, 65_535)
        else:
            data = data.replace(b"W96 H64", b"W100000 H100000")
        path.write_bytes(data)
        refusal(path)


def peak() -> int:
    """The most memory that this process has had, bytes."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


@pytest.mark.parametrize("count", [10**6, 8 * 10**7, 2**32 - 1])
@pytest.mark.parametrize("box", ["stsz", "trun", "elst", "late stsz"])
def test_a_header_may_claim_any_number_of_frames(tmp_path, box, count) -> None:
    path = tmp_path / "many.mp4"
    fragments = {"movflags": "frag_keyframe+empty_moov+default_base_moof"} if box == "trun" else {}
    data = bytearray(write(path, 5, options=fragments).read_bytes())
    if box == "trun":
        at = boxes(data, b"trun")
        data[at : at + 8] = struct.pack(">II", 0x5, count)  # none of them has a size or a time of its own
    elif box == "elst":
        at = boxes(data, b"elst")
        data[at + 4 : at + 8] = struct.pack(">I", count)
    else:
        at = boxes(data, b"stsz")
        data[at : at + 12] = struct.pack(">III", 0, 1, count)  # all of one byte, in no table
        at = boxes(data, b"stts")
        data[at + 4 : at + 16] = struct.pack(">III", 1, count, 512)
        at = boxes(data, b"stsc")
        data[at + 4 : at + 20] = struct.pack(">IIII", 1, 1, count, 1)
    if box == "late stsz":  # behind something else that FFmpeg passes over
        data = bytearray(struct.pack(">I4s", 64, b"uuid") + bytes(56)) + data
    path.write_bytes(data)
    before = peak()
    message = refusal(path)
    assert "claims" in message and "damaged" in message
    assert peak() - before < 100e6


def test_long_films_and_sound_claim_no_more_than_they_hold(tmp_path) -> None:
    """A movie with uncompressed sound has a sample for each of the sound's, all of one size."""
    path = tmp_path / "pcm.mov"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=48000, layout="mono")
        packets = films.encoded(container, 10)
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 480_000), np.int16), format="s16", layout="mono")
        samples.rate = 48000
        for packet in [*stream.encode(samples), *stream.encode(None), *packets]:
            container.mux(packet)
    assert seen(path) == list(range(10))


def test_mutated_films_are_read_or_refused_in_a_line(tmp_path, capfd) -> None:
    random = np.random.default_rng(1)
    path = tmp_path / "mutated"
    seeds = [
        write_once(tmp_path / "a.mp4").read_bytes(),
        write(tmp_path / "a.mkv", 5).read_bytes(),
        write(tmp_path / "a.ts", 5).read_bytes(),
        write(tmp_path / "a.avi", 5, codec="mpeg4").read_bytes(),
        write(tmp_path / "a.h264", 5, kind="h264").read_bytes(),
        write(tmp_path / "a.gif", 3, codec="gif", pix_fmt="rgb8").read_bytes(),
    ]
    for k in range(36):
        data = bytearray(seeds[k % len(seeds)])
        for _ in range(random.integers(1, 12)):
            data[random.integers(len(data))] = random.integers(256)
        if k % 4 == 0:
            del data[random.integers(len(data)) :]
        path.write_bytes(data)
        try:
            info = probe(path)
            for picture in frames(path, info=info, max_side=32):
                assert picture.shape[2] == 3
        except InputError as error:
            assert "\n" not in str(error)
    assert "Traceback" not in capfd.readouterr().err


def test_places_beyond_the_end_of_the_world_print_nothing(tmp_path, capfd) -> None:
    """Each byte of a WMV's sizes of 64 bits in turn is wrong: PyAV would print what a file's `seek` raises."""
    whole = write(tmp_path / "far.wmv", 3, codec="wmv2").read_bytes()
    for at in range(290, 310):
        for value in (0x7F, 0xFF):
            (tmp_path / "far.wmv").write_bytes(whole[:at] + bytes([value]) + whole[at + 1 :])
            with suppress(InputError):
                probe(tmp_path / "far.wmv")
    assert capfd.readouterr().err == ""


def test_two_threads_read_two_films(tmp_path) -> None:
    paths = [write(tmp_path / f"{k}.mp4", 20, first=k) for k in range(2)]
    found: dict[Path, list[int]] = {}
    threads = [threading.Thread(target=lambda path=path: found.update({path: seen(path)})) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[path] for path in paths] == [list(range(20)), list(range(1, 21))]


def test_a_film_that_is_closed_early_lets_go_of_its_file(tmp_path) -> None:
    path = write_once(tmp_path / "clip.mp4")
    count = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    for _ in range(5):
        shown = frames(path)
        next(shown)
        shown.close()
    assert films.index_of(next(frames(path))) == 0
    if count:
        assert len(os.listdir("/proc/self/fd")) <= count + 1
