"""The pages that bring tables in."""

import csv
import io
import re
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.factories import make_course
from zhiyue.core.accounts.models import MemberTag, UploadedSheet, User
from zhiyue.core.accounts.services import grant
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.jobs.models import Job
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.imports.table_imports import end_import
from zhiyue.product.commerce.models import Order
from zhiyue.product.commerce.tasks import import_members, import_past_orders

pytestmark = pytest.mark.django_db

PLACES = {
    "members": "/desk/import/members/",
    "courses": "/desk/import/courses/",
    "orders": "/desk/orders/import/",
}


def uploaded(client, text, kind="members"):
    content = text if isinstance(text, bytes) else text.encode("gb18030")
    return client.post(PLACES[kind], {"file": SimpleUploadedFile("成员.csv", content)})


def text_of(answer):
    return unescape(answer.content.decode())


def test_a_file_is_looked_at_then_imported_by_a_job_then_reported(desk, learner):
    answer = uploaded(desk, "名字,邮箱,标签\n小新,new@b.cn,=种子\n,learner@test.example,老\n坏,nonsense,\n")
    at = answer["Location"]
    page = text_of(desk.get(at))
    for shown in ("New members", "Rows with errors", "This is no e-mail address", "nonsense", "成员.csv"):
        assert shown in page
    assert not User.objects.filter(email="new@b.cn").exists() and not AuditEntry.objects.exists()
    for _ in range(2):
        assert desk.post(f"{at}apply/", {"tell": "1", "why": "开学"})["Location"] == at
    job = Job.objects.get(name="commerce.import_members")
    assert "It begins in a moment" in text_of(desk.get(at))
    import_members(**job.kwargs)
    done = text_of(desk.get(at))
    assert "Imported." in done and "every 2s" not in done
    assert User.objects.filter(email="new@b.cn").exists()
    assert set(MemberTag.objects.values_list("name", flat=True)) == {"=种子", "老"}


def test_a_look_shows_the_first_rows_as_they_will_be_written(desk, learner):
    course = make_course("intuition", price_fen=9900)
    rows = "".join(f"新{n},new{n}@b.cn,,\n" for n in range(20))
    answer = uploaded(
        desk,
        f"名字,邮箱,手机号,标签,课程\n小新,a@b.cn,138 0013 8000,甲；乙,{course.slug}\n,learner@test.example,,,\n{rows}",
    )
    page = text_of(desk.get(answer["Location"]))
    table = page[page.index("As it will be written") :]
    first = " ".join(re.sub("<[^>]+>", " ", table.split("<tr>")[2]).split())
    assert first == f"小新 a@b.cn +8613800138000 – 甲; 乙 {course.title} becomes a member"
    assert "is a member, stays as they are" in table
    assert "The first 8 of 22 rows." in table and table.count("becomes a member") == 7
    assert "<title>Import members · 成员.csv" in page


def test_outlines_are_shown_lesson_by_lesson(desk):
    make_course("any")
    at = uploaded(
        desk, "Course,Topic,Chapter,Lesson,Minutes,Free\n新课,data,一,甲,,是\n,,,乙,8,\n", "courses"
    )["Location"]
    page = text_of(desk.get(at))
    rows = [" ".join(re.sub("<[^>]+>", " ", row).split()) for row in page.split("<tr>")[2:4]]
    assert rows[0] == "新课 一 甲 1 yes" and rows[1].startswith("新课 一 乙 8 no")


def test_rows_with_errors_are_taken_away_to_be_mended(desk):
    text = "名字,邮箱,备注\n好,good@b.cn,x\n=坏(1),nonsense,y\n,,z\n"
    at = uploaded(desk, text)["Location"]
    assert f'href="{at}errors.csv"' in text_of(desk.get(at))
    answer = desk.get(f"{at}errors.csv")
    content = b"".join(answer.streaming_content).decode()
    header, *rows = csv.reader(io.StringIO(content[1:]))
    assert header == ["名字", "邮箱", "备注", "Line", "What to do"]
    assert [row[:4] for row in rows] == [["'=坏(1)", "nonsense", "y", "3"], ["", "", "z", "4"]]
    assert rows[0][4].startswith("E-mail: ")
    # Mended, the same file comes in: its two columns more are passed over.
    mended = content.replace("nonsense", "mended@b.cn")
    again = text_of(desk.get(uploaded(desk, mended.encode())["Location"]))
    assert "mended@b.cn" in again and "=坏(1)" in again


def test_a_course_left_out_comes_back_whole_to_be_mended(desk):
    make_course("any")
    table = "Course,Topic,Chapter,Lesson,Minutes\n好课,data,一,甲,5\n新课,data,一,甲,5\n,,,乙,很久\n,,二,丙\n,,,丁,5\n"
    at = uploaded(desk, table, "courses")["Location"]
    assert "The courses left out as CSV" in text_of(desk.get(at))
    desk.post(f"{at}apply/")
    assert not Course.objects.filter(title="新课").exists()
    at = uploaded(desk, table, "courses")["Location"]
    content = b"".join(desk.get(f"{at}errors.csv").streaming_content).decode()
    header, *rows = csv.reader(io.StringIO(content[1:]))
    assert header == ["Course", "Topic", "Chapter", "Lesson", "Minutes", "Line", "What to do"]
    assert [row[:6] for row in rows] == [
        ["新课", "data", "一", "甲", "5", "3"],
        ["新课", "", "一", "乙", "很久", "4"],
        ["新课", "", "二", "丙", "", "5"],
        ["新课", "", "二", "丁", "5", "6"],
    ]
    assert [bool(row[6]) for row in rows] == [False, True, False, False]
    again = uploaded(desk, content.replace("很久", "8").encode(), "courses")["Location"]
    desk.post(f"{again}apply/")
    made = Course.objects.get(title="新课")
    lessons = made.lessons.order_by("position").values_list("chapter__title", "title")
    assert list(lessons) == [("一", "甲"), ("一", "乙"), ("二", "丙"), ("二", "丁")]


def test_an_export_brought_in_again_changes_nothing(desk, learner):
    User.objects.filter(pk=learner.pk).update(display_name="=小林", phone="+8613800138000")
    MemberTag.objects.create(user=learner, name="@老")
    columns = ["name", "email", "phone", "username", "tags", "courses", "roles", "joined", "seen", "state"]
    exported = b"".join(
        desk.post("/desk/members/export/", {"asked": "", "column": columns}).streaming_content
    )
    before = (
        list(User.objects.order_by("pk").values()),
        list(MemberTag.objects.values_list("user_id", "name")),
    )
    at = uploaded(desk, exported)["Location"]
    page = text_of(desk.get(at))
    assert "What is wrong" not in page and "passed over" not in page
    desk.post(f"{at}apply/", {"why": "对一遍"})
    import_members(**Job.objects.get(name="commerce.import_members").kwargs)
    assert before == (
        list(User.objects.order_by("pk").values()),
        list(MemberTag.objects.values_list("user_id", "name")),
    )
    assert AuditEntry.objects.get(act="members.imported").after["made"] == 0


def test_an_import_asks_why_and_keeps_what_was_ticked(desk):
    at = uploaded(desk, "名字,邮箱\n小新,new@b.cn\n")["Location"]
    answer = desk.post(f"{at}apply/", {"tell": "1", "why": " "})
    assert answer.status_code == 400
    page = text_of(answer)
    assert "Say why, in 1 to 200 characters" in page and 'name="tell" value="1" checked' in page
    assert not Job.objects.exists() and UploadedSheet.objects.get().started_at is None


@pytest.mark.parametrize(
    ("ended", "says"),
    [
        ("not_allowed", "no longer allowed to"),
        ("discarded", "its job was discarded"),
        ("given_up", "again and again"),
    ],
)
def test_an_import_that_ended_early_says_why(desk, ended, says):
    at = uploaded(desk, "名字,邮箱\n小新,new@b.cn\n")["Location"]
    desk.post(f"{at}apply/", {"why": "开学"})
    end_import(UploadedSheet.objects.get(), ended)
    page = text_of(desk.get(at))
    assert "The import ended early" in page and says in page and "Imported." not in page
    assert "every 2s" not in page
    log = text_of(desk.get("/desk/audit/"))
    assert "had an import of members ended early" in log and f"{says}</ins>" in log


def test_an_import_whose_job_was_discarded_does_not_promise_to_begin(desk):
    at = uploaded(desk, "名字,邮箱\n小新,new@b.cn\n")["Location"]
    desk.post(f"{at}apply/", {"why": "开学"})
    desk.post(f"/desk/jobs/{Job.objects.get().pk}/discard/")
    page = text_of(desk.get(at))
    assert "its job was discarded" in page and "It begins in a moment" not in page


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no rows"),
        (b"PK\x03\x04", "Excel workbook"),
        (b"\x00\x01", "can't be read"),
        (b"x" * (5 * 1024 * 1024 + 1), "5 MB"),
        ("身高\n180\n".encode(), "No column says who people are"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_what_to_do(desk, content, says):
    answer = uploaded(desk, content)
    assert answer.status_code == 400
    assert says in text_of(answer)
    assert not UploadedSheet.objects.exists()


def test_no_file_is_told_too(desk):
    answer = desk.post("/desk/import/members/")
    assert answer.status_code == 400 and "Choose a CSV file first." in text_of(answer)


def test_outlines_become_drafts(desk):
    make_course("intuition")
    at = uploaded(
        desk, "课程,主题,章节,课时\n统计,data,一,讲\n统计,data,一,再讲\n坏,没有,一,讲\n", "courses"
    )["Location"]
    page = text_of(desk.get(at))
    assert "统计" in page and "2 lessons" in page and "There is no such topic" in page
    assert desk.post(f"{at}apply/")["Location"] == at
    assert Course.objects.get(title="统计").status == "draft"
    assert not Course.objects.filter(title="坏").exists()
    assert "Imported." in text_of(desk.get(at))


@pytest.mark.parametrize("kind", ["members", "courses", "orders"])
def test_the_template_is_a_table_that_can_be_imported(desk, kind):
    make_course("intuition")
    content = b"".join(desk.get(f"{PLACES[kind]}template.csv").streaming_content)
    assert uploaded(desk, content, kind).status_code == 302


def test_past_orders_are_looked_at_then_imported_by_a_job_then_reported(desk, learner, operator):
    make_course("intuition", price_fen=9900)
    rows = "订单号,学员,课程,实付（元）,付款时间,备注\nA-1,learner@test.example,intuition,99.50,2024-03-05 14:30,x\n"
    assert f'href="{PLACES["orders"]}"' in text_of(desk.get("/desk/orders/"))
    at = uploaded(desk, f"{rows}A-2,nobody@b.cn,intuition,1,2024-03-05,\n", "orders")["Location"]
    page = text_of(desk.get(at))
    for shown in ("New orders", "¥99.50", "Paid offline", "There is no such member", "passed over: 备注"):
        assert shown in page
    table = page[page.index("As it will be written") :]
    first = " ".join(re.sub("<[^>]+>", " ", table.split("<tr>")[2]).split())
    assert first.startswith(f"A-1 {learner.display_name} 课程 intuition ¥99.50 2024-03-05 14:30 Paid offline")
    content = b"".join(desk.get(f"{at}errors.csv").streaming_content).decode()
    assert "A-2" in content and "A-1" not in content and "There is no such member" in content
    refused = desk.post(f"{at}apply/", {"why": " "})
    assert refused.status_code == 400 and "Say why, in 1 to 200 characters" in text_of(refused)
    for _ in range(2):
        assert desk.post(f"{at}apply/", {"why": "迁来"})["Location"] == at
    import_past_orders(**Job.objects.get(name="commerce.import_orders").kwargs)
    done = text_of(desk.get(at))
    assert "Imported." in done and "To the orders" in done and "¥99.50" in done
    assert "A-1" in text_of(desk.get(f"/desk/orders/{Order.objects.get().number}/"))
    log = text_of(desk.get("/desk/audit/"))
    assert "came to the end of importing past orders" in log and "Paid altogether" in log and "¥99.50" in log
    again = text_of(desk.get(uploaded(desk, rows, "orders")["Location"]))
    assert "Nothing to do: all of it is there already." in again


@pytest.mark.parametrize("kind", ["members", "courses", "orders"])
@pytest.mark.parametrize("role", ["learner", "creator", "agent"])
def test_strangers_import_nothing(signed_in, stranger, browser, desk, kind, role):
    grant(user=stranger, role=role)
    client = signed_in(stranger)
    header = {
        "members": "名字,邮箱\n小新,new@b.cn\n",
        "courses": "课程,章节,课时\n一,二,三\n",
        "orders": "订单号,学员,课程,实付（元）,付款时间\n1,2,3,4,5\n",
    }[kind]
    at = uploaded(desk, header, kind)["Location"]
    for address in (PLACES[kind], f"{PLACES[kind]}template.csv", at, f"{at}errors.csv"):
        assert client.get(address).status_code == 403
        assert browser.get(address).status_code == 302
    assert uploaded(client, header, kind).status_code == 403
    assert client.post(f"{at}apply/").status_code == 403
    assert UploadedSheet.objects.get().started_at is None


def test_a_colleagues_upload_is_not_shown(signed_in, owner, desk):
    at = uploaded(desk, "名字,邮箱\n小新,new@b.cn\n")["Location"]
    assert signed_in(owner).get(at).status_code == 404
