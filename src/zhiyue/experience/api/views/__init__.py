"""The addresses of the API. Each reads input, asks one selector or service, and answers."""
