"""What a person stands on."""
