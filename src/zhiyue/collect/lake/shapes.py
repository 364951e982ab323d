"""The columns of the lake: as a file holds them, and as a reader sees them."""

import pyarrow as pa

_ACT = [
    ("course_id", pa.int64()),
    ("lesson_id", pa.int64()),
    ("seconds", pa.int32()),
    ("percent", pa.int8()),
    ("properties", pa.string()),
    ("origin", pa.string()),
    ("purposes", pa.int16()),
    ("occurred_at", pa.timestamp("ms", tz="UTC")),
    ("recorded_at", pa.timestamp("ms", tz="UTC")),
    ("day", pa.date32()),
    ("hour", pa.int8()),
]

# As read: `visitor` where nobody signed in; `properties` is JSON; `day` and `hour` are those of the business zone.
SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("name", pa.string()),
        ("member_id", pa.int64()),
        ("visitor", pa.string()),
        *_ACT,
    ]
)

# As sealed: whose it is stands in the table of subjects only.
SEALED_SCHEMA = pa.schema([("id", pa.int64()), ("name", pa.string()), ("subject", pa.int64()), *_ACT])

# Rows lie in the order of time, in which these three hardly grow from one to the next: that halves a file.
GROWING = ("id", "occurred_at", "recorded_at")
