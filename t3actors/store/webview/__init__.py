"""T3000's own database, kept filled for its web front end: a second, optional writer beside the store (decision 10)."""
