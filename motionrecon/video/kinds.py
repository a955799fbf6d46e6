"""What a file is by its first bytes, and which kinds of film are read at all.

FFmpeg knows 350 formats and 500 decoders, most of them for games, stills and broadcasting of thirty years ago. Each is
code that parses whatever a stranger sends, and some (playlists) open further files and addresses. Only what people
film, edit and share in is let in.
"""

from __future__ import annotations

#: FFmpeg's demuxers of containers and raw streams that films come in. None of them opens another file, but for data
#: references in MOV, which `opening` leaves off.
FORMATS = (
    "mov",  # MP4, MOV, M4V, 3GP
    "matroska",  # MKV, WebM
    "avi",
    "mpegts",
    "mpeg",  # VOB, MPG
    "mpegvideo",
    "flv",
    "asf",  # WMV
    "ogg",
    "mxf",
    "dv",
    "ivf",
    "gif",
    "apng",
    "yuv4mpegpipe",
    "h264",
    "hevc",
    "m4v",
    "vc1",
    "obu",
    "av1",
    "mjpeg",
)
#: Those of them that are bare pictures one after another: FFmpeg invents time stamps for them, 25 a second.
BARE = frozenset({"mpegvideo", "h264", "hevc", "m4v", "vc1", "obu", "av1", "mjpeg"})
#: Those that stamp their packets in the file's order and not in the order shown.
STAMPED_IN_FILE_ORDER = frozenset({"avi"})
#: Those whose stamps are a broadcast's clock, which may be cut and joined anywhere.
BROADCAST = frozenset({"mpegts", "mpeg"})
_DECODERS = """
h264 hevc av1 libdav1d vp8 vp9 libvpx libvpx-vp9 vp6 vp6f theora mpeg1video mpeg2video mpeg4 h263 h263p flv
msmpeg4 msmpeg4v1 msmpeg4v2 wmv1 wmv2 wmv3 vc1 mjpeg mjpegb prores prores_aw prores_ks dnxhd cfhd dvvideo ffv1 huffyuv
ffvhuff utvideo rawvideo wrapped_avframe v210 qtrle svq1 svq3 png apng gif
"""
#: Decoders of video that are used.
DECODERS = frozenset(_DECODERS.split())
#: Decoders of sound that FFmpeg may open to look at a stream's parameters.
_SOUND = "aac mp3 mp3float mp2 ac3 eac3 opus vorbis flac alac amrnb amrwb"
#: What FFmpeg may decode with while it looks into a file.
LOOKS_WITH = (*sorted(DECODERS), *_SOUND.split())

#: First bytes of text files that only name other files or addresses.
_PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"[playlist]", b"<MPD", b"<SmoothStreaming", b"<ASX", b"<smil", b"v=0", b"[Ref")
_SOUNDS = (b"ID3", b"fLaC", b"MThd", b"wvpk", b"MAC ", b"#!AMR", b"caff", b"\xff\xfb", b"\xff\xf3", b"\xff\xf1")
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"BM", b"II*\0", b"MM\0*", b"8BPS", b"\0\0\0\x0cjP", b"v/1\x01")


def is_playlist(head: bytes) -> bool:
    """Whether a file that begins so is a list of other files or addresses (M3U8, ffconcat, DASH, SDP, ...)."""
    text = _text(head)
    if text.startswith(b"<?xml"):
        return any(mark.lower() in text.lower() for mark in _PLAYLISTS if mark.startswith(b"<"))
    return any(text[: len(mark)].lower() == mark.lower() for mark in _PLAYLISTS)


def is_playlist_of_clips(head: bytes) -> bool:
    """Whether a file that begins so is FFmpeg's older list of files, which has no first line of its own."""
    return _text(head).startswith((b"file '", b"file /", b'file "'))


def description(head: bytes) -> str:
    """What a file that FFmpeg was not allowed to open, or could not, is by its first bytes; in words after a name."""
    sound = head.startswith(_SOUNDS) or (head[:4] in (b"RIFF", b"FORM") and head[8:12] in (b"WAVE", b"AIFF", b"AIFC"))
    if sound:
        return "holds sound only; give a video file"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        moves = b"ANIM" in head or b"ANMF" in head
        what = "an animated WebP, which no decoder here reads" if moves else "a still picture (WebP)"
        return f"is {what}; give a video file" if not moves else f"is {what}; convert it to MP4 first"
    if head.startswith(_PICTURES):
        return "is a still picture, not a video; give a video file"
    if head[4:8] == b"ftyp" or head.startswith((b"\x1aE\xdf\xa3", b"RIFF", b"OggS", b"FLV")):
        return "is cut short or damaged: its index is missing; copy it from its source again"
    return "is not a video that can be read, or it is cut short; try to play it first"


def _text(head: bytes) -> bytes:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()
