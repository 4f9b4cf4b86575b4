"""A simulated T3000 with its web server: panels behind one URL, asked by the actions that only read."""
