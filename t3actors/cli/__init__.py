"""The command line, a verb or two per file. A verb is imported when it is used: see `lazy.py`."""
