"""The purposes that people consent to, in words, for every surface."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from zhiyue.core.consent.purposes import Purpose

LABELS: Mapping[Purpose, Promise] = {
    Purpose.ANALYTICS: pgettext_lazy("purpose", "How the academy is used"),
    Purpose.PERSONALISATION: pgettext_lazy("purpose", "Suggestions that fit you"),
    Purpose.MESSAGES: pgettext_lazy("purpose", "Reminders"),
    Purpose.EXPERIMENTS: pgettext_lazy("purpose", "Comparing what works better"),
}
