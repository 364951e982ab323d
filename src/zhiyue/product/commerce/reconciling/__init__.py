"""Daily reconciliation: what providers say of a day beside what our books say of it."""
