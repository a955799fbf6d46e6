"""The person as capsules: segment lengths and mass in, MJCF out."""
