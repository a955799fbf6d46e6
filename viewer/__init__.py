"""Interactive 3D viewer in the browser."""
