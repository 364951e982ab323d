"""An invented academy and its simulated members. No other room knows that it exists, but for the wiring."""
