"""What search may refuse."""

from zhiyue.core.kit.errors import Refused


class SynonymsRefused(Refused):
    """A group of synonyms that can't be kept as it is."""

    code = "synonyms_refused"
    status = 400
