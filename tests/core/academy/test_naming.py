"""Only staff speak for the academy; what an import called somebody stays."""

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.utils import translation

from zhiyue.core.academy.models import Academy
from zhiyue.core.academy.naming import refuse_claim
from zhiyue.core.academy.selectors import ACADEMY_KEY
from zhiyue.core.accounts.claims import claims_staff
from zhiyue.core.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", ["agent", "operator", "owner"])
def test_staff_may_be_called_so(role, request):
    refuse_claim("官方客服", member=request.getfixturevalue(role))


def test_a_creator_speaks_for_nobody_else(creator):
    with pytest.raises(ValidationError):
        refuse_claim("官方客服", member=creator)


def test_nobody_else_may(learner):
    translation.activate("en")
    for member in (learner, None):
        with pytest.raises(ValidationError, match="only staff bear it"):
            refuse_claim("官方客服", member=member)
        refuse_claim("小北", member=member)


def test_the_name_of_the_academy_as_it_is_called_now_is_its_own(learner):
    refuse_claim("拾光", member=learner)
    cache.set(ACADEMY_KEY, Academy(name="拾光"), timeout=None)
    with pytest.raises(ValidationError):
        refuse_claim("拾 光", member=learner)


def test_who_is_called_so_already_keeps_the_name(learner):
    User.objects.filter(pk=learner.pk).update(display_name="客服")
    learner.refresh_from_db()
    refuse_claim("客服", member=learner)
    with pytest.raises(ValidationError):
        refuse_claim("官方客服", member=learner)


@pytest.mark.parametrize("own", ["号", "号号", "部"])
def test_a_name_of_many_repetitions_is_judged_at_once(own):
    assert claims_staff(own[0] * 40, academy=own)
    assert not claims_staff(own[0] * 39 + "甲", academy=own)
