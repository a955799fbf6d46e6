"""All videos of a folder, one process a core, and a table of how good they are.

    python examples/06_batch.py videos/ 1.80

A video that cannot be used is named and does not stop the others; a second run skips what is done.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from joblib import Parallel, delayed

import motionrecon
from motionrecon.errors import MotionReconError

SUFFIXES = {".mp4", ".mov", ".avi", ".mkv", ".webm"}


def reconstructed(video: Path, height: float, end: float | None) -> str:
    """A line of the table."""
    folder = video.with_name(f"{video.stem}_motionrecon")
    try:
        if (folder / "report.json").exists():
            motion = motionrecon.Motion.load(folder)
        else:
            motion = motionrecon.reconstruct(video, output=folder, height=height, end=end)
    except MotionReconError as error:
        return f"{video.name}: {error}"
    quality = motion.report["quality"]
    return (
        f"{video.name}: {len(motion)} frames, reprojection error {quality['reprojection_percent']:.1f} % of the height"
    )


def main() -> None:
    """Two copies of the demo's clip without arguments."""
    if len(sys.argv) > 1:
        folder, height, end = Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 1.70, None
    else:
        from motionrecon.data.clips import demo_clip

        folder, height, end = Path(tempfile.mkdtemp()), 1.78, 0.2
        for name in ("first", "second"):
            shutil.copy(demo_clip().video, folder / f"{name}.mp4")
        (folder / "third.mp4").write_text("this is no video")
    videos = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    for line in Parallel(n_jobs=-1)(delayed(reconstructed)(video, height, end) for video in videos):
        print(line)


if __name__ == "__main__":
    main()
