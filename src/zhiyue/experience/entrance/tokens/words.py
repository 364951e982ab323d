"""What each scope opens, in words for its member."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.tokens import Scope

SCOPE_WORDS: Mapping[Scope, Promise] = {
    Scope.CATALOGUE_READ: pgettext_lazy("scope", "See courses, topics, teachers and prices"),
    Scope.LESSONS_READ: pgettext_lazy("scope", "Read the lessons that are open to me"),
    Scope.RECOMMENDATIONS_READ: pgettext_lazy("scope", "See what is recommended to me"),
    Scope.ME_READ: pgettext_lazy("scope", "See my profile, courses, progress, list, orders and coupons"),
    Scope.ME_WRITE: pgettext_lazy(
        "scope", "Change my profile and list, join and try courses, place orders and ask for money back"
    ),
    Scope.EVENTS_WRITE: pgettext_lazy("scope", "Tell what I read and watched"),
    Scope.ACTIVITY_READ: pgettext_lazy("scope", "See the academy's activity, as far as my role allows"),
    Scope.SALES_READ: pgettext_lazy("scope", "See orders, refunds and the books, as far as my role allows"),
    Scope.SALES_WRITE: pgettext_lazy(
        "scope", "Decide refunds, make coupons and enter what was paid in, as far as my role allows"
    ),
}
