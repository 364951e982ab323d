"""The learners' surface: home, courses, lessons, one's own pages. Staff's pages are in `desk`."""
