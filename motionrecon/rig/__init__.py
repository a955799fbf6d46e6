"""What several cameras know together: one person, one clock, one world.

One job a file. Asked from outside are `following`, by `observe.stage`, for whom to detect in each recording;
`stage` after that, which makes views on one clock and in one world; and `stature` by the kinematic stage. `listing`
shows a user who can be followed. In the order in which they are needed:

- `triangulation`: points where the lines of sight of several views meet, and `meeting`: how badly they do;
- `following`: whom to follow in each recording, by who is who among all `people`;
- `synchrony`: how far the cameras' clocks are apart, by what two recordings have in common (`comparable`), laid beside
  each other in every way (`matching`) and then adjusted to a fraction of a frame (`adjustment`);
- `resampling`: keypoints brought onto the clock of the camera that leads; `course` is a recording between its frames;
- `poses`: where cameras stand that nobody calibrated, from the person before them: `pairs` to begin with, `bundle` for
  all of them, with the `lengths` of a person for scale, and a `sampling` of the frames;
- `assignment`: whether another assignment of a calibration's cameras to the videos would fit far better;
- `agreement`: views that disagree with the others for a while, mended or left out;
- `outsiders`: a view that on the whole does not meet the others, left out or said;
- `stature`: how tall the person is, as calibrated cameras know;
- `listing`: everybody in all recordings, drawn with the number that is theirs in all of them.

Where cameras can be calibrated before there is a person, `motionrecon.chessboard` does it.
"""
