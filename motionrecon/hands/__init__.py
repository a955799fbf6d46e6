"""Hands as the film shows them, on top of the simulated body: tracked, not simulated.

- `looks`: what was seen of hands, each look by itself: whose it is, how the hand is turned, and its fingers' angles;
- `course`: from looks to a course over the frames: the doubtful left out, smooth, at ease where nothing is seen;
- `stage`: both, for a motion.

A hand's joints, and how they are turned by angles, are told by `motionrecon.body.fingers`; who shows them, by
`motionrecon.body.handed`.
"""
