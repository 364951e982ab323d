"""What keeps an account its owner's: second factors, passkeys, sessions, and ways in through other sites."""
