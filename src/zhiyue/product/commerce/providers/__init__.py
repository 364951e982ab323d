"""Payment providers: twins behind one protocol. A new one is a file here, a line in `register`, tests and a page."""
