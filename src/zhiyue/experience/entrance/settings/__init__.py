"""The pages under /settings/: one calm list, and a page for each of its rows."""
