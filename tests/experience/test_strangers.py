"""The stranger matrix: every address × everybody. A new address fails here until this table says whom it is for."""

from datetime import timedelta
from io import BytesIO

import pytest
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse
from PIL import Image

from tests.conftest import BROWSER
from tests.experience.addresses import addresses
from tests.factories import make_bundle, make_course, make_lesson_gift, make_member, make_plan
from tests.product.commerce.coupon_makers import batch, flash, make
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import HistoryImport, Quarantined
from zhiyue.core.academy.services import keep_logo, publish_agreement
from zhiyue.core.accounts.invitations import invite_staff
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.sealing import seal
from zhiyue.core.accounts.services import grant
from zhiyue.core.accounts.tokens import make_token
from zhiyue.core.accounts.uploads import keep_sheet
from zhiyue.core.jobs.models import Job
from zhiyue.core.kit import clock
from zhiyue.demo.models import Seeding
from zhiyue.facilities.search.services import put_synonyms
from zhiyue.facilities.webhooks.models import Delivery, Endpoint
from zhiyue.product.catalogue.models import Likeness, Teacher
from zhiyue.product.catalogue.services import put_picture
from zhiyue.product.commerce.imports.past_orders import PastOrder, import_orders
from zhiyue.product.commerce.invoices.files import keep as keep_file
from zhiyue.product.commerce.models import Bill, Difference, Invoice, InvoiceTitle, PayoutStatement, Refund
from zhiyue.product.commerce.orders import place
from zhiyue.product.commerce.payments import begin
from zhiyue.product.commerce.settlements.entering import PaidIn
from zhiyue.product.commerce.settlements.entering import enter as enter_settlement
from zhiyue.recommend.rules import Wish, put_rule

EVERYBODY = frozenset({"visitor", "learner", "rival", "creator", "agent", "operator", "owner"})
MEMBERS = EVERYBODY - {"visitor"}
AUTHORS = frozenset({"rival", "creator", "operator", "owner"})
WHO_MAY_CHANGE_THE_COURSE = frozenset({"creator", "operator", "owner"})
SUPPORT = frozenset({"agent", "operator", "owner"})
OPERATORS = frozenset({"operator", "owner"})
OWNERS = frozenset({"owner"})
# A step of a flow that nobody here has begun, or another site's door that no setting opens.
NOBODY: frozenset[str] = frozenset()

# Whom each address is for, by the beginning of its name; the longest beginning counts.
FOR = {
    "healthz": EVERYBODY,
    "shell:": EVERYBODY,
    "site:": EVERYBODY,
    "site:orders": MEMBERS,
    "site:coupons": MEMBERS,
    # Visitors are asked to sign up, and come back with their code.
    "site:redeem": EVERYBODY,
    "site:make_gift": MEMBERS,
    "site:remind_of_membership": MEMBERS,
    # The sample is the learner's.
    "site:close_gift": frozenset({"learner"}),
    # The sample is the learner's.
    "site:order": frozenset({"learner"}),
    "site:pay_order": frozenset({"learner"}),
    "site:cancel_order": frozenset({"learner"}),
    "site:wechat_payer": MEMBERS,
    "site:refund": frozenset({"learner"}),
    "site:receipt": frozenset({"learner"}),
    "site:invoice": frozenset({"learner"}),
    "site:withdraw_invoice": frozenset({"learner"}),
    "site:forget_title": frozenset({"learner"}),
    "site:invoice_file": frozenset({"learner"}),
    "api:": EVERYBODY,
    "api:me": MEMBERS,
    "api:my_": MEMBERS,
    "api:my_order": frozenset({"learner"}),
    "api:my_orders": MEMBERS,
    "api:my_consent": EVERYBODY,
    "api:my_history": EVERYBODY,
    "api:my_interests": EVERYBODY,
    "api:my_corrections": EVERYBODY,
    "api:gift_opening": MEMBERS,
    "api:sales_": OPERATORS,
    "api:sales_order": SUPPORT,
    "api:sales_refund": SUPPORT,
    "api:sales_refund_decision": OPERATORS,
    "api:activity": OPERATORS,
    "api:collected": OPERATORS,
    "entrance:": MEMBERS,
    "entrance:sign_": EVERYBODY,
    "entrance:consent": EVERYBODY,
    "entrance:visitor_privacy": EVERYBODY,
    "entrance:forget_history": EVERYBODY,
    "entrance:personalise": EVERYBODY,
    "entrance:forgotten": EVERYBODY,
    "entrance:new_password": EVERYBODY,
    "entrance:enter_code": NOBODY,
    "entrance:send_again": NOBODY,
    "entrance:finish": NOBODY,
    "entrance:arrival": NOBODY,
    "account_signup": EVERYBODY,
    "account_login": NOBODY,
    "account_inactive": NOBODY,
    "account_reauthenticate": MEMBERS,
    "mfa_": MEMBERS,
    "mfa_deactivate_totp": NOBODY,
    "mfa_view_recovery_codes": NOBODY,
    # The samples are the stranger's, who isn't in the cast: what is somebody else's is as if it weren't there.
    "mfa_edit_webauthn": NOBODY,
    "mfa_remove_webauthn": NOBODY,
    "entrance:disconnect": NOBODY,
    "entrance:end_device": NOBODY,
    "entrance:end_token": NOBODY,
    "socialaccount_connections": MEMBERS,
    "socialaccount_login_cancelled": NOBODY,
    "qq_": NOBODY,
    "github_": NOBODY,
    "google_": NOBODY,
    "weixin_": NOBODY,
    "openid_connect_": NOBODY,
    "studio:": WHO_MAY_CHANGE_THE_COURSE,
    "studio:courses": AUTHORS,
    "studio:new": AUTHORS,
    "studio:preview": AUTHORS,
    "studio:me": AUTHORS,
    "studio:sales": AUTHORS,
    # The sample is of the creator's course; its operator and owner see it on the desk.
    "studio:statement": frozenset({"creator"}),
    "studio:own_portrait": AUTHORS,
    "studio:portrait": OPERATORS,
    "studio:topic": OPERATORS,
    "studio:new_topic": OPERATORS,
    "studio:move_topic": OPERATORS,
    "studio:teacher": OPERATORS,
    "studio:new_teacher": OPERATORS,
    "desk:": OPERATORS,
    "desk:desk": SUPPORT,
    "desk:member": OPERATORS,
    "desk:order": SUPPORT,
    "desk:orders_export": OPERATORS,
    "desk:refund": SUPPORT,
    "desk:sales": SUPPORT,
    "desk:refund_terms": OPERATORS,
    "desk:decide_refund": OPERATORS,
    "desk:give_back": OPERATORS,
    "desk:invoice": SUPPORT,
    "desk:invoices_export": OPERATORS,
    "desk:decide_invoice": OPERATORS,
    "desk:setup": OWNERS,
    "desk:staff": OWNERS,
    "desk:invite": OWNERS,
    "desk:invitation": MEMBERS,
    "desk:open_invitation": EVERYBODY,
    "desk:withdraw_invitation": OWNERS,
    # An upload is seen by who uploaded it: the operator.
    "desk:members_sheet": frozenset({"operator"}),
    "desk:members_apply": frozenset({"operator"}),
    "desk:courses_sheet": frozenset({"operator"}),
    "desk:courses_apply": frozenset({"operator"}),
    "desk:members_errors": frozenset({"operator"}),
    "desk:courses_errors": frozenset({"operator"}),
    "desk:import_orders": OPERATORS,
    "desk:orders_template": OPERATORS,
    "desk:orders_sheet": frozenset({"operator"}),
    "desk:orders_apply": frozenset({"operator"}),
    "desk:orders_errors": frozenset({"operator"}),
    "desk:member_grant-role": OWNERS,
    "desk:member_revoke-role": OWNERS,
}
# Exactly these; what only begins like them is another line's.
# The page of a course in the studio leads on to its outline, which refuses.
FOR_EXACTLY = {"desk:members": SUPPORT, "desk:member": SUPPORT, "studio:course": AUTHORS}

# Old addresses of the API, without a name: they lead on.
MOVED = {"api:api/schema", "api:api/docs", "api:api/v1/schema", "api:api/v1/docs"}
# Whatever else is asked below /api/ has no name either: nothing is there for anybody.
NOTHING_THERE = "api:api/^(?P<rest>.*)$"


METHODS = ("get", "post", "put", "patch", "delete")


def audience(name: str) -> frozenset[str]:
    if name in FOR_EXACTLY:
        return FOR_EXACTLY[name]
    fitting = [beginning for beginning in FOR if name.startswith(beginning)]
    assert fitting, f"Say in FOR whom the address “{name}” is for."
    return FOR[max(fitting, key=len)]


@pytest.fixture
def cast(learner, creator, agent, operator, owner):
    """Everybody by role. The rival is a creator too, but nothing in the catalogue is theirs."""
    rival = make_member("rival@test.example", "同行")
    grant(user=rival, role="creator")
    return {
        "visitor": None,
        "learner": learner,
        "rival": rival,
        "creator": creator,
        "agent": agent,
        "operator": operator,
        "owner": owner,
    }


@pytest.fixture
def samples(course, creator, operator, stranger, owner, learner):
    """Something that exists for what varies in an address, by its parameter; the course is the creator's."""
    Teacher.objects.filter(pk=course.teacher_id).update(user=creator)
    dead = Job.objects.create(
        name="recommend.train", kwargs={}, state=Job.State.DEAD, enqueued_at=clock.now(), claimable_at=None
    )
    invitation, secret, _ = invite_staff(viewer=_viewer(owner, "owner"), role="agent")
    return {
        **_of_the_course(course, _viewer(operator, "operator")),
        **_of_the_stranger(stranger),
        "member_id": stranger.pk,
        "job_id": dead.pk,
        "entry_id": Quarantined.objects.create(received_at=clock.now(), reason="malformed", payload="{}").pk,
        "import_id": HistoryImport.objects.create(file_name="a.csv", form="csv", started_at=clock.now()).pk,
        "kind": "terms",
        "version": _later(_viewer(owner, "owner")).version,
        "what": "storage",
        "policy": "popular",
        "digest": keep_logo(viewer=_viewer(owner, "owner"), upload=_png())
        .rpartition("-")[2]
        .removesuffix(".png"),
        "invitation_id": invitation.pk,
        "secret": secret,
        **_of_the_operator(operator),
        **_of_the_demo(),
        **_of_the_learner(learner, course),
        **_of_a_webhook(),
        # A provider that nobody set up.
        "provider_id": "school",
    }


def _of_the_learner(learner, course):
    """An order that waits for its payment at the pretended till, a refund and an invoice that wait for their decision,
    a gift, and what is for sale."""
    actor = Actor(member_id=learner.pk)
    order = place(user=learner, offer=f"course:{course.pk}", seen_fen=course.price_fen, actor=actor)
    ways = {"provider": "sandbox", "channel": "page", "returns_to": "/", "notify_at": "/"}
    payment = begin(user=learner, order_number=order.number, **ways)
    refund = Refund.objects.create(number="R1", order=order, cause="staff", amount_fen=order.total_fen)
    told = {"kind": "personal", "title": "小林", "email": "lin@a.example", "amount_fen": 1}
    file = keep_file(b"%PDF-1.7")
    invoice = Invoice.objects.create(number="F1", order=order, file=file, **told)
    title = InvoiceTitle.objects.create(user=learner, kind="personal", title="小林", email="lin@a.example")
    seller = make_member("seller@test.example", "销售")
    sale = flash(seller, course, price_fen=1)
    gift, plan = make_lesson_gift(learner, course), make_plan(trial_days=7)
    bundle = make_bundle([course, make_course("beside", price_fen=100)])
    mark = make(seller, audience="code").mark
    return {
        "mark": mark,
        "sale_id": sale.pk,
        "batch_id": batch(seller, course).pk,
        "number": order.number,
        "site:till number": payment.number,
        "provider": "sandbox",
        "offer": order.offer,
        "desk:refund number": refund.number,
        "api:sales_refund number": refund.number,
        "api:sales_refund_decision number": refund.number,
        **_of_a_teacher(course),
        "desk:decide_refund number": refund.number,
        "act": "refuse",
        "site:gift secret": gift.secret,
        "api:gift secret": gift.secret,
        "api:gift_opening secret": gift.secret,
        "site:open_gift secret": gift.secret,
        "site:close_gift secret": gift.secret,
        "plan_id": plan.pk,
        "bundle_id": bundle.pk,
        "site:bundle slug": bundle.slug,
        "desk:turn_bundle verb": "offer",
        "desk:turn_plan verb": "offer",
        **_of_a_bill(),
        **_of_a_settlement(learner),
        "desk:invoice number": invoice.number,
        "desk:invoice_file number": invoice.number,
        "desk:decide_invoice number": invoice.number,
        "desk:decide_invoice act": "fail",
        "site:invoice_file number": invoice.number,
        "title_id": title.pk,
    }


def _of_a_bill():
    """A day of the pretended provider with something that it knows and we don't."""
    day = clock.days_before(clock.business_day(), 1)
    bill = Bill.objects.create(provider="sandbox", day=day, fetched_at=clock.now())
    one = Difference.objects.create(
        bill=bill, provider="sandbox", item="payment:X", kind="missing_here", theirs_fen=1, ours_fen=0
    )
    return {"day": day.isoformat(), "difference_id": one.pk}


def _of_a_settlement(learner):
    """What the pretended provider paid in, which it owed."""
    at = clock.now() - timedelta(days=3)
    beside = make_course("settled", price_fen=100)
    import_orders(
        rows=[PastOrder("settled", learner.pk, beside.pk, 100, placed_at=at, paid_at=at, via="sandbox")]
    )
    staff = make_member("settling@test.example", "会计")
    paid = PaidIn("sandbox", clock.business_day(), 100, "0405")
    return {"settlement_id": enter_settlement(viewer=_viewer(staff, "operator"), paid=paid).pk}


def _of_a_teacher(course):
    """A statement of what the course's teacher earned."""
    one = PayoutStatement.objects.create(
        number="S1", teacher=course.teacher, month=clock.business_day().replace(day=1), amount_fen=100
    )
    pages = ("studio:statement", "studio:statement_csv", "desk:payout", "desk:payout_export")
    return {f"{page} number": one.number for page in (*pages, "desk:pay_statement", "desk:void_statement")}


def _of_a_webhook():
    """An address outside, paused so that nothing is sent there, and a message to it."""
    secret = seal("whsec_AAAA", purpose="webhooks")
    paused = {"paused_at": clock.now(), "paused_why": "staff"}
    endpoint = Endpoint.objects.create(
        address="https://hooks.example.com/", topics=["order.paid"], secret=secret, **paused
    )
    one = Delivery.objects.create(endpoint=endpoint, topic="order.paid", message_id="msg_1", body="{}")
    return {"endpoint_id": endpoint.pk, "delivery_id": one.pk}


def _of_the_demo():
    """Simulated members that can be paused; nothing in an address names them."""
    now = clock.now()
    Seeding.objects.create(started_at=now, finished_at=now, lived_until=now, done=1, paused_at=now)
    return {}


def _later(owner):
    """A version of the terms that isn't in force yet."""
    later = clock.now() + timedelta(days=3)
    return publish_agreement(viewer=owner, kind="terms", title="用户协议", body="以后。", in_force_from=later)


def _viewer(user, *roles):
    return Viewer(user=user, visitor=None, roles=frozenset(roles))


def _png():
    file = BytesIO()
    Image.new("RGB", (400, 300), "teal").save(file, "PNG")
    return file.getvalue()


def _of_the_operator(operator):
    members = _sheet(operator, "members", "姓名,邮箱\n李,li@test.example\n")
    courses = _sheet(operator, "courses", "课程,章,讲\nA,B,C\n")
    orders = _sheet(operator, "orders", "订单号,学员,课程,实付（元）,付款时间\n1,2,3,4,5\n")
    return {
        "desk:orders_sheet sheet_id": orders,
        "desk:orders_apply sheet_id": orders,
        "desk:orders_errors sheet_id": orders,
        "desk:members_sheet sheet_id": members,
        "desk:members_apply sheet_id": members,
        "desk:members_errors sheet_id": members,
        "desk:courses_sheet sheet_id": courses,
        "desk:courses_apply sheet_id": courses,
        "desk:courses_errors sheet_id": courses,
    }


def _sheet(operator, kind, text):
    return keep_sheet(viewer=_viewer(operator, "operator"), kind=kind, name="a.csv", content=text.encode()).pk


def _of_the_course(course, operator):
    other = make_course("twin", text="平均数会骗人。")
    likeness = Likeness.objects.create(course=course, other=other, share=0.9)
    lesson = course.lessons.all()[0]
    shown = put_picture(viewer=operator, course_id=course.pk, content=_png()).picture
    return {
        "slug": course.slug,
        "course": course.slug,
        "lesson": "one",
        "course_slug": course.slug,
        "lesson_slug": "one",
        "course_id": course.pk,
        "lesson_id": lesson.pk,
        "topic_id": course.topic_id,
        "teacher_id": course.teacher_id,
        "likeness_id": likeness.pk,
        "rule_id": put_rule(
            viewer=operator,
            wish=Wish(kind="never", course_id=other.pk, slot="", why="Summer school", begins_at=clock.now()),
        ).pk,
        "desk:make_rule kind": "never",
        "synonyms_id": put_synonyms(by=operator, words=["表格", "Excel"]).pk,
        "name": shown.rpartition("/")[2],
        "site:topic slug": "data",
        "site:correct_interest slug": "data",
        "site:teacher slug": "he-mu",
        "api:teacher slug": "he-mu",
        "studio:chapter_act pk": course.chapters.get().pk,
        "studio:chapter_act verb": "rename",
        "studio:lesson_act pk": lesson.pk,
        "studio:lesson_act verb": "down",
        "studio:publication_act verb": "now",
    }


def _of_the_stranger(stranger):
    """A device, a token, a passkey and an account elsewhere, all somebody's whom nobody of the cast is."""
    key = Authenticator.objects.create(
        user_id=stranger.pk, type=Authenticator.Type.WEBAUTHN, data={"name": "k"}
    )
    device = UserSession.objects.create(user_id=stranger.pk, session_key="k", ip="127.0.0.1", user_agent="")
    token, _ = make_token(user=stranger, name="a", scopes=["me:read"])
    return {
        "mfa_edit_webauthn pk": key.pk,
        "mfa_remove_webauthn pk": key.pk,
        "session_id": device.pk,
        "token_id": token.pk,
        "account_id": SocialAccount.objects.create(user_id=stranger.pk, provider="github", uid="7").pk,
    }


def is_refused(response) -> bool:
    """Sent to sign in, refused, or told that there is nothing: all the same to a stranger."""
    if response.status_code in (301, 302, 303):
        return response["Location"].startswith((reverse("entrance:sign_in"), reverse("account_login")))
    return response.status_code in (401, 403, 404, 405)


def test_every_address_opens_to_whom_it_is_for_and_to_nobody_else(cast, samples, settings):
    """By each method: one that opens to somebody opens to the whole audience and to nobody else."""
    # So many addresses are more than a visitor may ask in a minute.
    settings.ZHIYUE_API_PER_MINUTE_VISITOR = settings.ZHIYUE_API_PER_MINUTE_MEMBER = 10**6
    opened = {address.name: dict.fromkeys(METHODS, frozenset()) for address in _walked()}
    wrong = []
    for role, user in cast.items():
        client = _browser(user)
        cookies = client.cookies.output()
        for address in _walked():
            given = {one: samples.get(f"{address.name} {one}") or samples[one] for one in address.parameters}
            for method in METHODS:
                answer = _ask(client, method, reverse(address.name, kwargs=given))
                if answer.status_code >= 500:
                    wrong.append(f"{address.name} breaks for {role}: {method} {answer.status_code}")
                if not is_refused(answer):
                    opened[address.name][method] |= {role}
        assert client.cookies.output() == cookies
    for name, methods in opened.items():
        if set(methods.values()) - {NOBODY} != {audience(name)} - {NOBODY}:
            told = {method: sorted(roles) for method, roles in methods.items() if roles}
            wrong.append(f"{name} is for {sorted(audience(name))}, and opens so: {told}")
    assert wrong == []


def _walked():
    return [address for address in addresses() if address.name not in {*MOVED, NOTHING_THERE}]


def _browser(user):
    """Signed in a moment ago, so that no proof of who sits there stands before an answer."""
    client = Client(headers={"user-agent": BROWSER}, raise_request_exception=False)
    if user:
        client.force_login(user)
        request = HttpRequest()
        request.session = client.session
        record_authentication(request, user, "password", reauthenticated=True)
        request.session.save()
    return client


def _ask(client, method, path):
    """One request that leaves no trace: in the tables, in the browser, or in what is counted against floods."""
    cache.clear()
    before = dict(client.cookies)
    with transaction.atomic():
        answer = getattr(client, method)(path)
        transaction.set_rollback(True)
    client.cookies.clear()
    client.cookies.update(before)
    return answer


def test_no_line_of_the_tables_is_idle():
    assert {*FOR_EXACTLY, *MOVED, NOTHING_THERE} <= {address.name for address in addresses()}
    walked = {address.name for address in _walked()} - set(FOR_EXACTLY)
    used = {max((one for one in FOR if name.startswith(one)), key=len) for name in walked}
    assert set(FOR) - used == set()
