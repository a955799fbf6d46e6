"""Pictures and videos of a motion, drawn in software: a laptop without OpenGL draws the same as a server."""

from motionrecon.render.overlay import render_still, write_overlay

__all__ = ["render_still", "write_overlay"]
