"""What a column holds, said before a database says it."""

import pytest
from django.utils import translation

from zhiyue.core.kit.columns import TooLong, first_too_long, refuse_too_long
from zhiyue.product.catalogue.models import Teacher


def test_the_first_text_that_does_not_fit_is_named_with_its_limit():
    limit = Teacher._meta.get_field("name").max_length
    fits = {"name": "何" * limit, "bio": "长" * 2000, "user": 10**9}
    assert first_too_long(Teacher, fits, {"bio": 2000}) is None
    for field, most in (("name", limit), ("bio", 2000)):
        excess = first_too_long(Teacher, {**fits, field: fits[field] + "多"}, {"bio": 2000})
        assert (excess.field, excess.limit) == (field, most)
        with translation.override("en"):
            assert str(excess.words).endswith(f"{most} characters at most.")


def test_a_row_whose_text_does_not_fit_is_refused():
    refuse_too_long(Teacher(name="何牧"), ["name", "slug"])
    with pytest.raises(TooLong):
        refuse_too_long(Teacher(name="何" * 1000), ["slug", "name"])


def test_a_column_of_any_length_needs_a_limit():
    with pytest.raises(ValueError, match="has no limit"):
        first_too_long(Teacher, {"bio": "长"})
