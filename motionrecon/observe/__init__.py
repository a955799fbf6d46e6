"""The first stage: what was seen of the person, how the camera moved, and which edges stand behind."""
