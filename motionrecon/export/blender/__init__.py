"""What only Blender can write, by a Blender that is installed: ``scene.py`` and ``retarget.py`` run inside it."""
