"""同意: for which purposes a person lets the academy use what they do, and how that choice came about."""
