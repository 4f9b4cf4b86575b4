"""A whole T3000 installation: its panels read through the C++ program itself, by a loaded library or over HTTP."""
