"""Pictures for sharing: composed once, then written as SVG for browsers, or painted as PNG for all others."""
