"""Payment providers on loopback: each speaks its provider's documented protocol, by its documentation alone."""
