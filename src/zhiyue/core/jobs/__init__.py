"""Background work: enqueued in the caller's transaction, delivered at least once, on a clock if wanted."""
