"""Full-text search over documents that other rooms put here. It knows words, not courses."""
