"""How strongly things are pulled down."""

#: Metres a second squared, as MuJoCo has it by default.
GRAVITY = 9.81
