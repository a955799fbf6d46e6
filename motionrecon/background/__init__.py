"""What the background of a video says of its camera: whether it stands still, and if not, how it turns and zooms.

- `watch` takes a video's frames as it is read and chooses those that are looked at; `following` follows corners of the
  background through them, and keeps where they were seen (`tracks`; `looks` is what it works with), and where the film
  is cut; `features` finds and follows them from one picture to another;
- `course` finds the turns and the zoom that explain what was followed, once the lens is known (`turning` fits them
  between two frames), `reframing` those of a window that was moved over what a standing camera filmed, and `motion`
  says what that makes the camera: one that stands, one on a tripod's head, or one that nobody can tell.
"""
