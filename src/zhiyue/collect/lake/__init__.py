"""The lake: past days as sealed Parquet, open days from the event log, read as one table by DuckDB.

The log stays the truth and the lake is made of it, day by day. What is sealed names nobody: it carries a key for each
person, and `collect.subjects` is the only place that knows whose it is.
"""

from zhiyue.collect.lake.checking import faults_of, report, verify
from zhiyue.collect.lake.finding import key_in
from zhiyue.collect.lake.reading import ask, broken_files, events, oldest_days
from zhiyue.collect.lake.sealing import SETTLING, compact, seal, seal_past_days, sweep
from zhiyue.collect.lake.shapes import SCHEMA, SEALED_SCHEMA

__all__ = [
    "SCHEMA",
    "SEALED_SCHEMA",
    "SETTLING",
    "ask",
    "broken_files",
    "compact",
    "events",
    "faults_of",
    "key_in",
    "oldest_days",
    "report",
    "seal",
    "seal_past_days",
    "sweep",
    "verify",
]
