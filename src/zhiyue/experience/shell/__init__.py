"""What all surfaces share: the design system, base pages, middleware. No surface's own pages are kept here."""
