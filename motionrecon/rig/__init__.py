"""What several cameras know together: one person, one clock, one world.

One job a file; whoever needs a rig calls these in this order:

- `triangulation`: points where the lines of sight of several views meet, and `meeting`: how badly they do;
- `following`: whom to follow in each recording, by who is who among all `people`;
- `synchrony`: how far the cameras' clocks are apart, by what two recordings have in common (`comparable`), laid beside
  each other in every way (`matching`) and then adjusted to a fraction of a frame (`adjustment`);
- `resampling`: keypoints brought onto the clock of the camera that leads; `course` is a recording between its frames;
- `poses`: where cameras stand that nobody calibrated, from the person before them: `pairs` to begin with, `bundle` for
  all of them, with the `lengths` of a person for scale;
- `agreement`: views that disagree with the others for a while, mended or left out.

Where cameras can be calibrated before there is a person, `motionrecon.chessboard` does it.
"""
