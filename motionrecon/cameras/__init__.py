"""Cameras: what joins pixels and the world, where it comes from, and whether it stood still."""
