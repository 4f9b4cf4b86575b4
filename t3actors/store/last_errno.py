"""What the system said when a statement failed. SQLite knows it of I/O errors, but not where it takes a failed read for damage.

Its virtual machine turns SQLITE_IOERR_CORRUPTFS, which is any read that ends with EIO, into SQLITE_CORRUPT (vdbe.c, abort_due_to_error).
Each of its files remembers the number of its last failed call, though, the database's and the log's; both are fresh with each opening.
"""

from __future__ import annotations

import ctypes

import apsw

_FILE_CONTROL = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
_XFILECONTROL = 10
"""Its place in sqlite3_io_methods, counted in pointers: https://www.sqlite.org/c3ref/io_methods.html."""


def errno_of(connection: apsw.Connection, error: Exception) -> int:
    """Return the system's number for what failed; 0 where nothing of the system did. **Thread**: the connection's."""
    if not isinstance(error, apsw.CorruptError):
        return connection.system_errno
    try:
        number = ctypes.c_int(0)
        connection.file_control("main", apsw.SQLITE_FCNTL_LAST_ERRNO, ctypes.addressof(number))
        return number.value or _errno_of_log(connection)
    except apsw.Error:
        return 0


def _errno_of_log(connection: apsw.Connection) -> int:
    """The log is a sqlite3_file of its own, of which apsw gives the address alone."""
    file, number = ctypes.c_void_p(), ctypes.c_int(0)
    connection.file_control("main", apsw.SQLITE_FCNTL_JOURNAL_POINTER, ctypes.addressof(file))
    methods = ctypes.cast(file, ctypes.POINTER(ctypes.POINTER(ctypes.c_void_p)))[0] if file else None
    if not methods or not methods[_XFILECONTROL]:
        return 0  # no log is open
    _FILE_CONTROL(methods[_XFILECONTROL])(file, apsw.SQLITE_FCNTL_LAST_ERRNO, ctypes.addressof(number))
    return number.value
