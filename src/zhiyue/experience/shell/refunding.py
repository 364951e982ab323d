"""Words for what goes back, on every surface: the lines of a reckoning, why nothing goes back, terms."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import npgettext, pgettext, pgettext_lazy

from zhiyue.core.kit.money import yuan
from zhiyue.product.commerce.models import Refund
from zhiyue.product.commerce.refunds.reckoning import Returnable
from zhiyue.product.commerce.refunds.rule import RefundTerms, Unit

Words = str | Promise

_WHY_NOT: Mapping[str, Words] = {
    "no_refunds": pgettext_lazy("why not refunded", "This is sold without refunds."),
    "too_late": pgettext_lazy("why not refunded", "The time in which money goes back by rule is over."),
    "costs_nothing": pgettext_lazy("why not refunded", "It cost nothing."),
    "all_opened": pgettext_lazy("why not refunded", "Every lesson that was for money has been opened."),
    "used_up": pgettext_lazy("why not refunded", "All of its days are used up."),
    "credited": pgettext_lazy(
        "why not refunded", "What was left of it came off the price of another membership."
    ),
    "bundled": pgettext_lazy(
        "why not refunded",
        "The price of a bundle that you keep was lowered for it: ask for its refund first.",
    ),
    "elsewhere": pgettext_lazy(
        "why not refunded", "It was paid elsewhere, before it came here: the academy decides."
    ),
    "in_part": pgettext_lazy(
        "why not refunded", "A bundle goes back whole by rule; the academy decides about single courses."
    ),
    "this_year": pgettext_lazy(
        "why not refunded",
        "By rule one membership goes back in 365 days, and one of yours did: the academy decides.",
    ),
    "nothing_left": pgettext_lazy("why not refunded", "Nothing is left after what is kept."),
}
_CLOSED_TO: Mapping[str, Words] = {
    "not_paid": pgettext_lazy("why not refunded", "This order wasn't paid, so nothing can go back."),
    "under_way": pgettext_lazy("why not refunded", "A refund of this order is under way already."),
    "returned": pgettext_lazy("why not refunded", "Everything of this order was refunded already."),
    "costs_nothing": pgettext_lazy("why not refunded", "This order cost nothing, so nothing can go back."),
    "credited": pgettext_lazy(
        "why not refunded", "What was left of it came off the price of another membership."
    ),
    "no_courses": pgettext_lazy("why not refunded", "There is no rule for this order: ask the academy."),
}
_TONES: Mapping[str, str] = {
    "done": "good",
    "failed": "warn",
    "asked": "accent",
    "approved": "accent",
    "sent": "accent",
}


@dataclass(frozen=True, slots=True)
class ReckonedLine:
    """A line of a reckoning for people: what it is, and by how much it changes what goes back."""

    name: str
    amount: str


def reckoned_lines(lines: Iterable[Mapping[str, Any]]) -> list[ReckonedLine]:
    """Lines as a refund keeps them, or as `rule.Line.to_json` makes them."""
    return [
        ReckonedLine(
            _line(str(one["kind"]), int(one.get("count", 0)), int(one.get("of", 0))),
            yuan(int(one["amount_fen"])),
        )
        for one in lines
    ]


def why_not(code: str) -> Words:
    """Why the rule gives nothing back of a course."""
    return _WHY_NOT.get(code, code)


def why_not_of(one: Returnable) -> Words:
    """The same of something that was bought, with its numbers; empty where something goes back."""
    if one.why_not != "much_read":
        return why_not(one.why_not)
    return pgettext(
        "why not refunded",
        "%(opened)s lessons were opened by this membership, more than %(most)s: the academy decides.",
    ) % {"opened": one.opened, "most": one.terms.most_lessons}


def closed_to(code: str) -> Words:
    """Why nothing of an order can be asked for."""
    return _CLOSED_TO.get(code, code)


def tone(refund: Refund) -> str:
    """The colour of its state."""
    return _TONES.get(refund.status, "")


def terms_words(terms: RefundTerms, unit: Unit = "lessons") -> str:
    """The rule in a sentence, for who is about to pay."""
    if not terms.window_days:
        return pgettext("refund terms", "This is sold without refunds.")
    said = _days_left(terms) if unit == "days" else _lessons_left(terms)
    fee = _fee_words(terms)
    return pgettext("refund terms", "%(rule)s %(fee)s") % {"rule": said, "fee": fee} if fee else said


def plan_terms_words(terms: RefundTerms, off_percent: int) -> str:
    """The same of a membership, which may take so much off what its members buy."""
    said = terms_words(terms, "days")
    if not terms.window_days:
        return said
    more = [pgettext("refund terms", "Once in 365 days; else the academy decides.")]
    if terms.most_lessons:
        more = [
            pgettext(
                "refund terms",
                "Once in 365 days, and while you have opened no more than %(most)s lessons by it; else the academy "
                "decides.",
            )
            % {"most": terms.most_lessons}
        ]
    if off_percent:
        more.append(pgettext("refund terms", "What its member prices saved on what you keep is taken off."))
    for words in more:
        said = pgettext("refund terms", "%(rule)s %(fee)s") % {"rule": said, "fee": words}
    return said


def _lessons_left(terms: RefundTerms) -> str:
    return npgettext(
        "refund terms",
        "Within %(days)s day of paying you get back the share of the lessons that you haven't opened.",
        "Within %(days)s days of paying you get back the share of the lessons that you haven't opened.",
        terms.window_days,
    ) % {"days": terms.window_days}


def _days_left(terms: RefundTerms) -> str:
    return npgettext(
        "refund terms",
        "Within %(days)s day of paying you get back the share of the days that aren't used up.",
        "Within %(days)s days of paying you get back the share of the days that aren't used up.",
        terms.window_days,
    ) % {"days": terms.window_days}


def terms_of_all(terms: Sequence[RefundTerms]) -> str:
    """The same for several courses: of one voice, or that it differs."""
    if len(set(terms)) == 1:
        return terms_words(terms[0])
    return pgettext("refund terms", "What goes back, and until when, differs between these courses.")


def _fee_words(terms: RefundTerms) -> str:
    percent = f"{terms.fee_permille / 10:g}%"
    least = yuan(terms.fee_least_fen)
    if terms.fee_permille and terms.fee_least_fen:
        return pgettext("refund terms", "A fee of %(share)s of it, %(least)s at least, is kept.") % {
            "share": percent,
            "least": least,
        }
    if terms.fee_permille:
        return pgettext("refund terms", "A fee of %(share)s of it is kept.") % {"share": percent}
    if terms.fee_least_fen:
        return pgettext("refund terms", "A fee of %(least)s is kept.") % {"least": least}
    return ""


def _line(kind: str, count: int, of: int) -> str:
    if kind == "lessons":
        return pgettext("refund line", "Opened: %(count)s of %(of)s paid lessons") % {
            "count": count,
            "of": of,
        }
    if kind == "days":
        return pgettext("refund line", "Used: %(count)s of %(of)s days") % {"count": count, "of": of}
    if kind == "covered":
        return npgettext(
            "refund line",
            "%(count)s day that the earlier membership had as well: what it cost more",
            "%(count)s days that the earlier membership had as well: what they cost more",
            count,
        ) % {"count": count}
    names = {
        "paid": pgettext("refund line", "Paid"),
        "returned": pgettext("refund line", "Went back before"),
        "saved": pgettext("refund line", "Saved by member prices on what is kept"),
        "fee": pgettext("refund line", "Fee"),
    }
    return names.get(kind, kind)
