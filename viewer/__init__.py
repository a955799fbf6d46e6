"""The interactive viewer: a reconstructed motion in the browser, beside the video that it came from.

    from motionrecon import viewer

    handle = viewer.view("walk_motionrecon", block=False)
    handle.seek(30)
    handle.play()

    viewer.write_page("walk_motionrecon", "walk.html")

There is one page, whether it is served to this machine's own browser (`server`) or written as a file (`standalone`).
`document` says what it shows, from `layers` and `charts`, one file each, which are Python; the program in ``client/``
draws any of it, and needs neither a build nor a library.
"""

from motionrecon.viewer.app import Viewer, view
from motionrecon.viewer.standalone import write_page

__all__ = ["Viewer", "view", "write_page"]
