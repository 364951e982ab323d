"""Pure mathematics: arrays in, arrays out. No Django, no clock, no network lives here."""
