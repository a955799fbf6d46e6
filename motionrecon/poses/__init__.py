"""Poses of single frames, or of short runs of frames, from what one camera saw: what the kinematic fit starts from.

Everything is batched over rows: many frames (or runs of frames) are solved at once, each by itself.
"""
