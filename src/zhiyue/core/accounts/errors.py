"""What accounts may refuse."""

from zhiyue.core.kit.errors import Refused


class EmailTaken(Refused):
    """An account with this address exists."""

    code = "email_taken"
