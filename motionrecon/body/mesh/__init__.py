"""People who are a mesh: what the bodies that are cut out of a skinned mesh have in common.

Such a body makes a `Template` (a mesh in the zero pose, joints' centres, weights, landmarks) and says which hinges its
segments turn on; mass, inertia, capsules, feet and skin of the MuJoCo model follow here.
"""
