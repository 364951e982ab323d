"""What all surfaces share: design system, base pages, middleware. No surface's own pages are kept here."""
