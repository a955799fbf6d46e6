"""Poses of single frames, or of short runs of frames, from what one camera saw: what the kinematic fit starts from.

Everything is batched over rows: many frames (or runs of frames) are solved at once, each by itself.
"""

#: The ways in which a fit may find its first poses, by the names that users give them.
FIRST_POSES = ("learned", "relaxed")
