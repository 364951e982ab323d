"""Past orders from a table: what is found wrong, what is written, and what a second time does."""

from datetime import timedelta

import pytest

from tests.core.accounts.test_staff import as_viewer
from tests.factories import make_course, make_member
from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts import uploads
from zhiyue.core.accounts.errors import NotAllowed, NotOneself, Unfit
from zhiyue.core.accounts.models import RoleGrant, UploadedSheet, User
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.jobs.models import Job
from zhiyue.core.kit import clock
from zhiyue.core.kit.sheets import UnreadableSheet
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.errors import AmountChanged
from zhiyue.product.commerce.import_queue import start_order_import
from zhiyue.product.commerce.imports import table_imports, typed
from zhiyue.product.commerce.imports.order_importing import import_order_sheet, plan_orders
from zhiyue.product.commerce.imports.past_orders import NOT_ONES_OWN, PastOrder, import_orders
from zhiyue.product.commerce.models import Order, OrderStep, Payment
from zhiyue.product.commerce.refunds.asking import ask
from zhiyue.product.commerce.refunds.reckoning import refund_of
from zhiyue.product.commerce.selectors import enrolled_course_ids
from zhiyue.product.commerce.tasks import forget_uploads

pytestmark = pytest.mark.django_db

HEADER = "订单号,学员,课程,实付（元）,下单时间,付款时间,支付方式\n"


def kept(user, table):
    return uploads.keep_sheet(
        viewer=as_viewer(user), kind="orders", name="订单.csv", content=table.encode("gb18030")
    )


def begun(user, table, why="从旧平台迁来"):
    return start_order_import(viewer=as_viewer(user), sheet_id=kept(user, table).pk, why=why)


def wrong(plan):
    return [(error.line, error.column) for error in plan.errors]


def acts():
    return list(AuditEntry.objects.order_by("pk").values_list("act", flat=True))


@pytest.fixture
def course(db):
    return make_course("stats", title="统计的直觉", price_fen=19_900)


def test_columns_are_known_in_both_languages_and_rows_by_any_mark(learner, course):
    User.objects.filter(pk=learner.pk).update(phone="+8613800138000", username="lin")
    for header, who in (
        (HEADER, "LEARNER@test.example"),
        ("Order number,Member,Course,Paid in yuan,Placed at,Paid at,Paid by\n", "138 0013 8000"),
        ("number,member,course,yuan,placed_at,paid_at,by\n", "LIN"),
    ):
        plan = plan_orders(
            f"{header}A-1,{who},stats,199.00,2024-03-05 14:28,2024/3/5 14:30:05,微信支付\n", by=None
        )
        (row,) = plan.orders
        assert plan.errors == [] and plan.unknown_columns == []
        order = row.order
        assert (order.outside_number, order.member_id, order.course_id) == ("A-1", learner.pk, course.pk)
        assert (order.total_fen, order.via, row.is_known) == (19_900, "wechat", False)
        assert order.placed_at.isoformat() == "2024-03-05T14:28:00+08:00"
        assert order.paid_at.isoformat() == "2024-03-05T14:30:05+08:00"
    assert (row.member, row.course, plan.total_fen) == (learner.display_name, "统计的直觉", 19_900)


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        (",learner@test.example,stats,199,,2024-03-05,", ["number"]),
        ("x" * 65 + ",learner@test.example,stats,199,,2024-03-05,", ["number"]),
        ("A-2,,stats,199,,2024-03-05,", ["member"]),
        ("A-2,nobody@test.example,stats,199,,2024-03-05,", ["member"]),
        ("A-2,m1@members.example.com,stats,199,,2024-03-05,", ["member"]),
        ("A-2,learner@test.example,没有这门课,199,,2024-03-05,", ["course"]),
        ("A-2,learner@test.example,draft,199,,2024-03-05,", ["course"]),
        ("A-2,learner@test.example,同名,199,,2024-03-05,", ["course"]),
        ("A-2,learner@test.example,stats,,,2024-03-05,", ["yuan"]),
        ("A-2,learner@test.example,stats,199.005,,2024-03-05,", ["yuan"]),
        ("A-2,learner@test.example,stats,-1,,2024-03-05,", ["yuan"]),
        ("A-2,learner@test.example,stats,1e3,,2024-03-05,", ["yuan"]),
        ("A-2,learner@test.example,stats,199,,,", ["paid_at"]),
        ("A-2,learner@test.example,stats,199,,昨天,", ["paid_at"]),
        ("A-2,learner@test.example,stats,199,2024-02-30,,", ["placed_at"]),
        ("A-2,learner@test.example,stats,199,,2999-01-01,", ["paid_at"]),
        ("A-2,learner@test.example,stats,199,2024-03-05 14:30,2024-03-05 14:29,", ["paid_at"]),
        ("A-2,learner@test.example,stats,199,,2024-03-05,比特币", ["by"]),
        ("A-2,nobody@test.example,x,y,z,,比特币", ["yuan", "by", "placed_at", "member", "course"]),
        ("A-1,learner@test.example,stats,199,,2024-03-05,", ["number"]),
    ],
)
def test_each_wrong_cell_is_told_with_its_line_and_column(learner, course, row, columns):
    make_member("m1@members.example.com")
    User.objects.filter(email="m1@members.example.com").update(is_simulated=True)
    Course.objects.filter(pk=make_course("draft").pk).update(status="draft")
    make_course("one", title="同名"), make_course("two", title="同名")
    plan = plan_orders(
        HEADER + "A-1,learner@test.example,统计的直觉,199,2024-03-05,,\n" + row + "\n", by=None
    )
    assert wrong(plan) == [(3, column) for column in columns]
    assert [one.order.outside_number for one in plan.orders] == ["A-1"]
    assert all(str(error.words) for error in plan.errors)


def test_a_mark_that_may_be_two_members_is_told(learner, stranger, course):
    User.objects.filter(pk=learner.pk).update(phone="+8613800138000")
    User.objects.filter(pk=stranger.pk).update(username="13800138000")
    plan = plan_orders(HEADER + "A-1,13800138000,stats,199,,2024-03-05,\n", by=None)
    assert wrong(plan) == [(2, "member")] and "两位成员" in str(plan.errors[0].words)


@pytest.mark.parametrize("missing", ["订单号", "学员", "课程", "实付（元）"])
def test_a_table_without_a_needed_column_is_refused(missing):
    with pytest.raises(UnreadableSheet, match=missing):
        plan_orders(HEADER.replace(missing, "别的") + "1,2,3,4,5,6,7\n", by=None)


def test_a_table_without_any_time_is_refused():
    with pytest.raises(UnreadableSheet):
        plan_orders("订单号,学员,课程,实付（元）\n1,2,3,4\n", by=None)


def test_good_rows_are_imported_noted_and_entered_and_bad_ones_left_out(learner, operator, course):
    table = (
        HEADER + "A-1,learner@test.example,stats,199.00,2024-03-05 14:28,2024-03-05 14:30,支付宝\n"
        "A-2,learner@test.example,stats,0,,2024-03-06,\n坏,nobody@test.example,stats,1,,2024-03-05,\n"
    )
    sheet = begun(operator, table)
    import_order_sheet(sheet_id=sheet.pk)
    assert set(Order.objects.values_list("outside_number", "status", "total_fen", "user_id")) == {
        ("A-1", "fulfilled", 19_900, learner.pk),
        ("A-2", "fulfilled", 0, learner.pk),
    }
    assert enrolled_course_ids(learner.pk) == {course.pk}
    assert Payment.objects.get().provider == "alipay"
    assert {step.by for step in OrderStep.objects.all()} == {operator}
    assert {one.account: one.amount_fen for one in ledger.balances()} == {
        "opening": 19_900,
        "revenue": -19_900,
    }
    sheet.refresh_from_db()
    counts = {"made": 2, "known": 0, "left_out": 1, "total_fen": 19_900, "members": 1}
    assert {name: n for name, n in sheet.result.items() if name != "line"} == counts
    assert sheet.text == "" and sheet.finished_at is not None
    assert acts() == ["orders.import_started", "orders.imported", "orders.import_finished"]
    ends = AuditEntry.objects.get(act="orders.import_finished")
    assert (ends.by_id, ends.why, ends.after) == (operator.pk, "从旧平台迁来", {"file": "订单.csv", **counts})


def test_the_same_table_again_changes_nothing_and_another_tale_of_an_order_is_wrong(
    learner, stranger, operator, course
):
    table = HEADER + "A-1,learner@test.example,stats,199,,2024-03-05 14:30,\n"
    import_order_sheet(sheet_id=begun(operator, table).pk)
    plan = plan_orders(table, by=None)
    assert (plan.known, plan.fresh, plan.errors) == (1, [], [])
    import_order_sheet(sheet_id=begun(operator, table).pk)
    again = UploadedSheet.objects.latest("pk").result
    assert (again["made"], again["known"], again["total_fen"]) == (0, 1, 0)
    assert Order.objects.count() == OrderStep.objects.count() == 1
    for other in (
        "A-1,stranger@test.example,stats,199,,2024-03-05 14:30,\n",
        "A-1,learner@test.example,stats,198,,2024-03-05 14:30,\n",
        "A-1,learner@test.example,stats,199,,2024-03-05 14:31,\n",
    ):
        assert wrong(plan_orders(HEADER + other, by=None)) == [(2, "number")]


def test_broken_off_it_goes_on_behind_its_last_step(learner, operator, course, monkeypatch):
    monkeypatch.setattr(table_imports, "STEP", 2)
    rows = "".join(f"A-{n},learner@test.example,stats,1,,2024-03-05,\n" for n in range(5))
    sheet = begun(operator, HEADER + rows)
    real, calls = table_imports.count_step, []

    def breaks(*args, **kwargs):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(*args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(table_imports, "count_step", breaks)
        with pytest.raises(KeyboardInterrupt):
            import_order_sheet(sheet_id=sheet.pk)
    assert Order.objects.count() == 2
    import_order_sheet(sheet_id=sheet.pk)
    sheet.refresh_from_db()
    assert Order.objects.count() == 5
    assert (sheet.result["made"], sheet.result["known"], sheet.result["total_fen"]) == (5, 0, 500)


def test_who_was_erased_since_the_look_is_left_out_and_the_rest_comes_in(
    learner, stranger, operator, course, monkeypatch
):
    table = HEADER + "".join(
        f"{n},{who},stats,1,,2024-03-05,\n"
        for n, who in enumerate(("learner@test.example", "stranger@test.example"))
    )
    sheet = begun(operator, table)
    real = table_imports.importer_of
    plan = plan_orders(sheet.text, by=None)
    monkeypatch.setattr("zhiyue.product.commerce.imports.order_importing.plan_orders", lambda _, by: plan)
    User.objects.filter(pk=stranger.pk).delete()
    assert real(sheet) == operator
    import_order_sheet(sheet_id=sheet.pk)
    sheet.refresh_from_db()
    assert list(Order.objects.values_list("user_id", flat=True)) == [learner.pk]
    assert (sheet.result["made"], sheet.result["left_out"]) == (1, 1)


@pytest.mark.parametrize("role", ["creator", "agent"])
def test_who_may_not_keeps_begins_and_writes_nothing(stranger, operator, learner, course, role):
    RoleGrant.objects.create(user=stranger, role=role)
    table = HEADER + "A-1,learner@test.example,stats,199,,2024-03-05,\n"
    with pytest.raises(NotAllowed):
        kept(stranger, table)
    sheet = kept(operator, table)
    with pytest.raises(NotAllowed):
        start_order_import(viewer=as_viewer(stranger), sheet_id=sheet.pk, why="为什么")
    with pytest.raises(Unfit):
        start_order_import(viewer=as_viewer(operator), sheet_id=sheet.pk, why=" ")
    assert not Order.objects.exists() and acts() == []
    assert not Job.objects.filter(name="commerce.import_orders").exists()


def test_an_import_whose_turn_comes_after_the_right_was_taken_writes_nothing(operator, learner, course):
    sheet = begun(operator, HEADER + "A-1,learner@test.example,stats,199,,2024-03-05,\n")
    RoleGrant.objects.filter(user=operator).delete()
    import_order_sheet(sheet_id=sheet.pk)
    sheet.refresh_from_db()
    assert sheet.result["ended"] == "not_allowed" and not Order.objects.exists()
    assert acts() == ["orders.import_started", "orders.import_ended"]


def test_an_import_whose_job_was_discarded_ends(operator, learner, course):
    sheet = begun(operator, HEADER + "A-1,learner@test.example,stats,199,,2024-03-05,\n")
    Job.objects.all().delete()
    forget_uploads()
    sheet.refresh_from_db()
    assert sheet.result["ended"] == "discarded" and sheet.text == ""


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("199", 19_900), ("199.5", 19_950), ("¥1,999.05", 199_905), (" ￥0.01 ", 1), ("9.90元", 990), ("0", 0),
        ("1,99", None), ("199.005", None), ("-1", None), ("+1", None), ("1e3", None), ("nan", None), ("", None),
        (".5", None), ("21474836.47", 2**31 - 1), ("21474836.48", None), ("1" * 20, None),
    ],
)  # fmt: skip
def test_yuan_are_read_exactly_or_not_at_all(text, fen):
    assert typed.fen(text) == fen


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("9999-12-31 23:59:59-23:59", None),
        ("2024-03-05 14:30", "2024-03-05T14:30:00+08:00"),
        ("2024/3/5 9:05:07", "2024-03-05T09:05:07+08:00"),
        ("2024.3.5", "2024-03-05T00:00:00+08:00"),
        ("2024年3月5日 14:30", "2024-03-05T14:30:00+08:00"),
        ("2024-03-05T14:30:00Z", "2024-03-05T14:30:00+00:00"),
        ("2024-03-05T14:30:00.250+0900", "2024-03-05T14:30:00+09:00"),
        ("2024-02-30", None), ("2024-13-01", None), ("2024-03-05 25:00", None), ("1999-01-01", None),
        ("0001-01-01", None), ("5.3.2024", None), ("20240305", None), ("", None), ("2024-03-05 14", None),
        ("2024-03-05 14:30+99:00", None),
    ],
)  # fmt: skip
def test_moments_are_read_as_people_write_them(text, moment):
    read = typed.moment(text)
    assert (read and read.isoformat()) == moment


def test_a_day_on_which_it_was_placed_and_paid_needs_no_time_of_the_payment(learner, course):
    (row,) = plan_orders(
        HEADER + "A-1,learner@test.example,stats,1,2024-03-05 14:30,2024-03-05,\n", by=None
    ).orders
    assert row.order.paid_at == row.order.placed_at
    assert row.order.placed_at < clock.now() - timedelta(days=1)


def test_nobody_brings_in_an_order_of_their_own(learner, operator, course):
    """Else one person could give themselves a course, and money that was never paid."""
    table = (
        HEADER + "A-1,operator@test.example,stats,99999,,2024-03-05,\n"
        "A-2,learner@test.example,stats,199,,2024-03-05,\nA-3,learner@test.example,stats,1,,2024-03-05,\n"
    )
    plan = plan_orders(table, by=operator)
    assert (wrong(plan), str(plan.errors[0].words)) == ([(2, "member")], str(NOT_ONES_OWN))
    import_order_sheet(sheet_id=begun(operator, table).pk)

    assert set(Order.objects.values_list("outside_number", flat=True)) == {"A-2", "A-3"}
    for act in ("orders.imported", "orders.import_finished"):
        after = AuditEntry.objects.get(act=act).after
        assert (after["made"], after["members"]) == (2, 1)
    mine = PastOrder("A-9", operator.pk, course.pk, 100, clock.now(), clock.now())
    with pytest.raises(NotOneself):
        import_orders(rows=[mine], by=operator)
    assert Order.objects.count() == 2


def test_what_was_paid_elsewhere_waits_for_staff(learner, operator, course, signed_in):
    now = clock.now()
    import_orders(rows=[PastOrder("A-1", learner.pk, course.pk, 19_900, now, now, via="wechat")], by=operator)
    order = Order.objects.get()

    [part] = refund_of(learner, order.number).open
    assert (part.why_not, part.by_rule_fen, part.left_fen) == ("elsewhere", 0, 19_900)
    asked = {"course_ids": [course.pk], "reason": "time", "actor": Actor(member_id=learner.pk)}
    with pytest.raises(AmountChanged):
        ask(user=learner, order_number=order.number, seen_fen=19_900, **asked)
    refund = ask(user=learner, order_number=order.number, seen_fen=0, **asked)
    assert (refund.status, refund.is_by_rule) == ("asked", False)
    assert enrolled_course_ids(learner.pk) == {course.pk}
    page = signed_in(operator).get(f"/desk/refunds/{refund.number}/").content.decode()
    assert "由学院决定是否退款" in page
