"""What the academy sells and teaches: catalogue, then commerce, then learning above it."""
