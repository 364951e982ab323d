"""People: members, their roles, and who is looking."""
