"""``motionrecon view``: a result in the browser, or as a page."""

from __future__ import annotations

import sys
from pathlib import Path

from motionrecon.cli.command import command
from motionrecon.cli.flags import Switch
from motionrecon.core.files import check_folder
from motionrecon.errors import InputError


@command
def view(
    folder: Path,
    other: Path | None = None,
    /,
    *,
    page: Path | None = None,
    port: int = 8080,
    browser: bool = True,
    force: Switch = False,
    quiet: Switch = False,
) -> None:
    """Open a result in an interactive 3D viewer in the browser, on this machine only. Ctrl-C ends it.

    Keys of the page: Space or K: play or pause; ← or J: a frame back (with Shift ten); → or L: a frame on (with
    Shift ten); Home, End: the first and the last frame; − and +: slower and faster; [ and ]: the loop begins and
    ends here, \\ ends it; 0 to 4: views: home, front, side, back, top; C: look through the next camera, and back;
    F: follow the person; D: dark or light; ?: these keys; B: body, shown or hidden; V: floor's push, shown or
    hidden; G: kinematic ghost, shown or hidden; S: skeleton, shown or hidden; M: centre of mass, shown or hidden;
    P: of two results: side by side, or in one place; A: of two results: both begin at one place and face the same
    way.

    Args:
        folder: the folder of a result.
        other: the folder of another result, to compare it with.
        page: write the viewer as this one HTML file instead, the video that the motion was made from
            included, which opens anywhere without a network.
        port: the port of the viewer on localhost.
        browser: open the web browser; without it, only the viewer's address is printed.
        force: with --page, replace the file if it is there, but never one that the motion was made from.
        quiet: with --page, do not print its name; what is missing in it and errors show.
    """
    from motionrecon.viewer import view as open_viewer
    from motionrecon.viewer import write_page

    if page is None:
        open_viewer(folder, other, port=port, open_browser=browser)
        return
    if page.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"--page {page}: a page is an .html file")
    check_folder(page)
    remarks = write_page(folder, page, other, force=force)
    if not quiet:
        print(page)
    print(*remarks, sep="\n", end="\n" if remarks else "", file=sys.stderr)
