"""Wiring: settings, addresses, servers. Nothing is decided here but what the environment says."""
