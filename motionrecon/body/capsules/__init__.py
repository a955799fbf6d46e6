"""The person as capsules: segment lengths and mass in, MJCF out."""

from motionrecon.body.capsules.body import CapsuleAnatomy, Capsules

build = Capsules.build
read = CapsuleAnatomy
