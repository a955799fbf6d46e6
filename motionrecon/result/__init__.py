"""The result: a motion, its report and its folder, and how good it is."""
