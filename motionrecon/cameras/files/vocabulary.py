"""What tools call the parts of a camera's description."""

from __future__ import annotations

import difflib
import re

#: A quantity's name here, and how tools spell it, in small letters and digits only. The first is the one that messages
#: suggest; where a section has several, an earlier one counts.
NAMES: dict[str, tuple[str, ...]] = {
    "matrix": (
        *("matrix", "cameramatrix", "k", "intrinsicmatrix", "intrinsics", "intrinsic", "mtx", "cammtx", "kmatrix"),
        *(
            "matrixk",
            "cammatrix",
            "m",
            "calibrationmatrix",
            "intrinsicsmatrix",
            "cameraintrinsicmatrix",
            "cameraintrinsics",
            "intrinsicparameters",
            "camk",
            "intri",
        ),
    ),
    "distortions": (
        *("distortions", "distortioncoefficients", "distcoeffs", "distortion", "dist", "d", "distcoef", "distcoefs"),
        *("distcoeff", "distortioncoeffs", "distortioncoeff", "distortioncoefs", "distortioncoef", "kc", "dists"),
        *("distortionvector", "distortionparameters", "distortionparams", "distcoefficients", "lensdistortion"),
    ),
    "radial": ("radialdistortion", "radial", "radialcoefficients"),
    "tangential": ("tangentialdistortion", "tangential", "tangentialcoefficients"),
    "rotation": (
        *("rotation", "r", "rvec", "rot", "rotationmatrix", "rotationvector", "rodrigues", "rmat", "rotmat"),
        *("rcameraworld", "rcamworld", "rworldtocam", "rworldtocamera", "rw2c"),
        *("rcamfromworld", "rcamerafromworld"),
    ),
    "translation": (
        *("translation", "t", "tvec", "trans", "translationvector", "tcameraworld", "tcamworld", "tworldtocam"),
        *("tworldtocamera", "tw2c", "tcamfromworld", "tcamerafromworld"),
    ),
    "extrinsics": (
        *("extrinsics", "extrinsic", "extrinsicmatrix", "extrinsicsmatrix", "rt", "worldtocamera", "worldtocam", "w2c"),
        *("world2cam", "world2camera", "viewmatrix"),
    ),
    "chained": ("tcncnm1",),
    "size": (
        "size",
        "imagesize",
        "resolution",
        "imsize",
        "framesize",
        "imgsize",
        "imageresolution",
        "dimensions",
        "cameraresolution",
    ),
    "width": ("width", "imagewidth", "imgwidth", "w", "framewidth"),
    "height": ("height", "imageheight", "imgheight", "h", "frameheight"),
    "focal": ("focallength", "focal", "f", "focallengthpx", "focallengthpixels", "focallengths", "focalpx", "fc"),
    "fx": ("fx", "flx", "focallengthx", "fu"),
    "fy": ("fy", "fly", "focallengthy", "fv"),
    "centre": ("principalpoint", "center", "centre", "opticalcenter", "cc", "pp"),
    "cx": ("cx", "principalpointx", "ppx", "u0", "cu"),
    "cy": ("cy", "principalpointy", "ppy", "v0", "cv"),
    **{name: (name,) for name in ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6", "s1", "s2", "s3", "s4", "xi")},
    "tauy": ("tauy", "ty2"),
    "taux": ("taux", "tx2"),
    "name": ("name", "cameraname", "camname", "camera", "label"),
    "id": ("cameraid", "camid", "id", "port", "serial", "serialnumber"),
    "fisheye": ("fisheye", "isfisheye", "fisheyemodel"),
    "model": ("distortionmodel", "cameramodel", "lensmodel", "projection", "projectiontype", "model", "cameratype"),
    "unit": ("unit", "units", "lengthunit", "lengthunits", "worldunit", "worldunits", "translationunit"),
}
#: Sections that only group what belongs to one camera.
PARTS = frozenset(
    (
        *(
            "intrinsics",
            "intrinsic",
            "intrinsicparameters",
            "intri",
            "extrinsics",
            "extrinsic",
            "extri",
            "pose",
            "lens",
        ),
        *("extrinsicparameters", "calibration", "parameters", "params", "distortion", "distortions", "resolution"),
        *(
            "size",
            "imagesize",
            "cameraresolution",
            "calibrationinfo",
            "focallength",
            "principalpoint",
            "image",
            "sensor",
            "cameramatrix",
            "projection",
        ),
    )
)
#: What metadata calls the side of the board's squares, millimetres, if it is the unit of all lengths (FreeMoCap).
BOARDS = frozenset(("charucosquaresize",))
#: OpenCV's order of distortion coefficients, for files that name each of them.
COEFFICIENTS = ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6", "s1", "s2", "s3", "s4", "taux", "tauy")
#: Characters of a key that may mean something; to take an endless one apart would take as long.
LONGEST = 100

_QUANTITIES = {spelling: name for name, spellings in reversed(NAMES.items()) for spelling in spellings}


def plain(key: str) -> str:
    """A key in small letters and digits only: ``Camera_Matrix`` and ``cameraMatrix`` are one."""
    return re.sub(r"[^a-z0-9]", "", key.lower())


def quantity(key: str) -> str | None:
    """The name in `NAMES` of what a key means; None where it means nothing to us."""
    return _QUANTITIES.get(plain(key))


def rank(key: str) -> int:
    """How early a key stands among the spellings of its quantity."""
    return NAMES[_QUANTITIES[plain(key)]].index(plain(key))


def meant(keys: list[str], *quantities: str) -> str:
    """``; did you mean matrix instead of matirx?`` where a key is nearly one of the quantities', else nothing."""
    spellings = [spelling for name in quantities for spelling in NAMES[name] if len(spelling) > 3]
    pairs = [
        (difflib.SequenceMatcher(None, plain(key), spelling).ratio(), key, spelling)
        for key in keys
        if len(key) <= LONGEST
        for spelling in spellings
        if plain(key) not in spellings
    ]
    likeness, key, spelling = max(pairs, default=(0.0, "", ""))
    return f"; did you mean {spelling} instead of {key}?" if likeness > 0.75 else ""
