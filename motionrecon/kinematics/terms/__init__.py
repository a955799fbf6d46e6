"""The residual terms of the kinematic fit, one file each. A term takes a `Trajectory` and returns a `Block`."""
