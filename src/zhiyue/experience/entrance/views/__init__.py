"""Pages of the entrance: signing in, up and out, codes, and what one changes about one's ways in."""
