"""Views of the learners' surface, one file per family of pages."""
