"""What people let the academy do with what they do here: asked, changed, shown and deleted."""
