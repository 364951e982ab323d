"""How long what authors type may be. Forms say the same earlier; this holds for whoever calls a service without one."""

from collections.abc import Mapping

from django.db.models import Model
from django.utils.translation import pgettext

from zhiyue.product.catalogue.errors import BadFact

# Of texts whose column takes any length.
TEXTS: Mapping[str, int] = {"summary": 5_000, "bio": 2_000}


def check_lengths(model: type[Model], values: Mapping[str, object]) -> None:
    """Raises BadFact for the first of these fields that is too long for the model."""
    for name, value in values.items():
        most = TEXTS.get(name) or getattr(model._meta.get_field(name), "max_length", None)
        if isinstance(value, str) and most is not None and len(value) > most:
            words = pgettext("catalogue", "%(n)s characters at most. Shorten it.")
            raise BadFact(name, words % {"n": most})
