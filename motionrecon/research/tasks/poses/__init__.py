"""Poses before cameras: the tasks on which Optimus learns to fit poses, and on which it is compared.

What is posed are persons of random size whom motion capture moves (`people`), or a model of one's own (`articulated`).
A random camera sees them; keypoints err, are missing, or swap left and right (`chances`). All poses are in the world of
the camera's own axes (`motionrecon.poses.level`).
"""
