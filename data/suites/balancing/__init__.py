"""The balancing man: real films of four calibrated cameras; the reference is triangulated from what all of them saw."""
