"""The command line, a verb or two per file."""
