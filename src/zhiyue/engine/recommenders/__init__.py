"""One file per algorithm; each knows the shapes in `kinds` and no other algorithm. Putting them together:
`hybrid`."""
