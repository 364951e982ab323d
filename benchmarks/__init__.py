"""Our parts measured beside their peers, in one process on one machine."""
