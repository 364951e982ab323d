"""The academy itself: its name, looks and licence numbers, and the agreements people accept."""
