"""What movement scientists ask of a motion: joint angles, moments, power, ground forces, centres, gait events."""
