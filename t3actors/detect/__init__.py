"""Stage 2: keep what changed."""
