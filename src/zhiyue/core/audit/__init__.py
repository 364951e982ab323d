"""What staff did: who, what, before and after, why. Kept for good, changed by nobody."""
