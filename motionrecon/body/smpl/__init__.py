"""The person as a body of SMPL, SMPL-H or SMPL-X, whose file the user has: betas in, MJCF with their mesh out."""

from motionrecon.body.smpl.body import SmplAnatomy, SmplBody

build = SmplBody.build
read = SmplAnatomy
