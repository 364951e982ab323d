"""The studio's pages: one file a page."""
