"""The gateway inside a C or C++ host: one shared library, the seed's C interface. docs/embedding.md is for whoever calls it.

library.c           what is exported: starts Python once, keeps signals and forks out, hands each call on
exports.py          the same calls in Python: errors become -1 and a text
hosted.py           at most one gateway: begun, ended, begun again; settings.py: by which configuration
gateway_thread.py   the thread that it lives in, and how another thread asks it something
host_devices.py     what the host has added, under which number; wanted.py: what it asked for
growing.py          a running gateway takes up one more device, or begins to look for some
point_data.py       points as the seed's struct
build.py            makes the library: `python -m t3actors.embed build`, needs a C compiler and cffi
"""
