"""Settlements: what providers paid into the academy's bank account, as staff enter it from the bank's lines. No program
moves or sees that money, so nothing here asks a provider."""
