"""Gives Python a current SQLite. Must be imported before anything opens a database.

SQLite 3.7.0–3.51.2 can corrupt a WAL database when two connections reset the log at once; the system's is often older
than the fix. Where the `pysqlite3` wheel is installed (Linux), its newer SQLite takes the place of `sqlite3`.
"""

import importlib.util
import sys


def use_current_sqlite() -> None:
    """Put `pysqlite3` in the place of `sqlite3`, where it is installed and nothing is using the old one."""
    if "sqlite3" in sys.modules or importlib.util.find_spec("pysqlite3") is None:
        return
    sys.modules["sqlite3"] = importlib.import_module("pysqlite3")
    sys.modules["sqlite3.dbapi2"] = importlib.import_module("pysqlite3.dbapi2")
