"""Membership: the plans side by side, one's own, trying one, and the word before it ends."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import pgettext, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from zhiyue.core.accounts.models import User
from zhiyue.core.kit.money import yuan
from zhiyue.experience.shell.coupon_words import percent_off
from zhiyue.experience.shell.doors import by_entering, by_sign_in
from zhiyue.experience.shell.redirects import safe_next
from zhiyue.experience.shell.viewers import PageRequest, actor_of
from zhiyue.experience.site import meta
from zhiyue.product.commerce.checkout import takes_payments
from zhiyue.product.commerce.errors import AlreadyOwned, NoMembership, NoSuchOffer, NoTrial, TrialOver
from zhiyue.product.commerce.lending.trials import TrialOffer, plan_trials, start_plan_trial
from zhiyue.product.commerce.membership.held import (
    Membership,
    Terms,
    choose_reminder,
    membership_of,
    terms_for_each,
)
from zhiyue.product.commerce.membership.plans import compared, courses_in, plan_for_sale, plans_for_sale
from zhiyue.product.commerce.models import Plan
from zhiyue.product.commerce.offers import plan_offer, plan_ref
from zhiyue.product.commerce.quoting import Priced, before_coupons
from zhiyue.product.commerce.rights import covered_by


@dataclass(frozen=True, slots=True)
class ShownPlan:
    """A plan as its card shows it: what it costs, what it opens now, and what buying it would mean to who looks."""

    plan: Plan
    courses: int
    terms: Terms
    now: Priced
    trial: TrialOffer
    is_mine: bool
    buy_url: str
    more: int = 0
    fewer: int = 0

    @property
    def is_narrower(self) -> bool:
        """It opens nothing that isn't open to its member already, and less than that."""
        return bool(self.fewer and not self.more)

    @property
    def rank(self) -> int:
        """To go on with what one has first, then what opens more."""
        return 0 if self.is_mine else 1 if self.more else 2

    @property
    def price(self) -> str:
        return yuan(self.now.lowered_fen)

    @property
    def usual(self) -> str:
        """The price before it was lowered, "" where it wasn't."""
        return yuan(self.now.usual_fen) if self.now.lowered_fen < self.now.usual_fen else ""

    @property
    def off(self) -> str:
        """What members pay less for everything else."""
        return percent_off(self.plan.off_percent)

    @property
    def to_pay(self) -> str:
        return yuan(self.now.total_fen)

    @property
    def credit(self) -> str:
        return yuan(self.now.credit_fen)

    @property
    def a_month(self) -> str:
        """Rounded up to the fen; "" where the price is a month's."""
        return yuan(-(-self.now.lowered_fen // self.plan.months)) if self.plan.months > 1 else ""


@require_safe
def membership(request: PageRequest) -> HttpResponse:
    user = request.viewer.user
    mine = membership_of(user)
    onward = safe_next(request, "")
    plans = _plans(user, mine, onward)
    page = {
        "tab": "me",
        "meta": meta.plain(request, pgettext("membership", "Membership")),
        "plans": [one for one in plans if not one.is_narrower],
        "narrower": [one for one in plans if one.is_narrower],
        "first": covered_by([mine.running.plan.pk]).order_by("pk").first() if mine.running else None,
        "mine": mine,
        "onward": onward,
        "takes_payments": takes_payments(),
    }
    return render(request, "site/membership.html", page)


@require_POST
def try_plan(request: PageRequest, plan_id: int) -> HttpResponse:
    """Try a plan for some days; whoever isn't signed in does so first and comes back."""
    address = safe_next(request, reverse("site:membership"))
    if request.viewer.user is None:
        return by_entering(request, reverse("site:membership"))
    try:
        start_plan_trial(user=request.viewer.user, plan=plan_for_sale(plan_id), actor=actor_of(request))
    except (AlreadyOwned, NoSuchOffer, NoTrial, TrialOver) as refusal:
        messages.error(request, str(refusal.message))
        return redirect("site:membership")
    messages.success(request, pgettext("toast", "Your trial runs: every course of it is open to you."))
    return HttpResponseRedirect(address)


@require_POST
def remind(request: PageRequest) -> HttpResponse:
    """Be told before it ends, or not, as the form says: sent twice, it stays as it is."""
    user = request.viewer.user
    if user is None:
        return by_sign_in(request, home="site:membership")
    wanted = request.POST.get("wanted") == "1"
    try:
        choose_reminder(user=user, wanted=wanted)
    except NoMembership as refusal:
        messages.error(request, str(refusal.message))
        return redirect("site:membership")
    said = (
        pgettext_lazy("toast", "You will be told before it ends.")
        if wanted
        else pgettext_lazy("toast", "Kept. It ends by itself, and nobody writes to you before.")
    )
    messages.success(request, str(said))
    return redirect("site:membership")


def _plans(user: User | None, mine: Membership, onward: str) -> list[ShownPlan]:
    offered = plans_for_sale()
    trials, terms, courses = plan_trials(user, offered), terms_for_each(user, offered), courses_in(offered)
    prices = before_coupons(user, [plan_offer(plan, terms[plan.pk]) for plan in offered])
    held = mine.last.plan.pk if mine.last else None
    beside = compared(mine.last.plan, offered) if mine.last else {}
    shown = [
        ShownPlan(
            plan=plan,
            courses=courses[plan.pk],
            terms=terms[plan.pk],
            now=prices[plan_ref(plan.pk)],
            trial=trials[plan.pk] if mine.running is None else TrialOffer(0),
            is_mine=plan.pk == held,
            buy_url=_buy_address(plan, onward),
            more=beside.get(plan.pk, (0, 0))[0],
            fewer=beside.get(plan.pk, (0, 0))[1],
        )
        for plan in offered
    ]
    return sorted(shown, key=lambda one: one.rank) if mine.last else shown


def _buy_address(plan: Plan, onward: str) -> str:
    if not takes_payments():
        return ""
    asked = {"offer": plan_ref(plan.pk), "next": onward or reverse("site:membership")}
    return f"{reverse('site:checkout')}?{urlencode(asked)}"
