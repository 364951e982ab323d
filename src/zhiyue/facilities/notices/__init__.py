"""Messages that leave the academy: e-mail and SMS, each through one of several providers."""
