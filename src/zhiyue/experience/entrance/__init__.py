"""How people come in and keep their account safe: sign-up, sign-in, codes, passkeys, settings."""
