"""The detector's 3D, corrected by what was learned on rendered people, and which way is up by how people look to it.

`network` is what was learned, `files` keeps it, `corrected` applies it to a view.
"""

#: What may be taken for the person's depth, by the names that users give it.
DEPTHS = ("guessed", "corrected")
#: The network that corrects it.
NETWORK = "depth"
