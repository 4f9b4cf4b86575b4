"""Stage 1: ask the devices."""
