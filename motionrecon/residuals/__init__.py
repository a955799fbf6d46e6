"""Residuals by points: what places of points in the world are worth, and how that changes as the points move.

They know no joints, no controls and no shape: the kinematic fit and the windows of the simulation both multiply them
with their own derivatives of the points.
"""
