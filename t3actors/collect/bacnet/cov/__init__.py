"""Changes that a device tells of its own accord."""
