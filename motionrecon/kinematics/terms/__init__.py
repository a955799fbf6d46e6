"""The residual terms of the kinematic fit, one file each. A term is called with a `Trajectory` and returns a `Block`."""
