"""The desk's page of searches and synonyms."""

import pytest

from tests.factories import make_visitor
from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.accounts.errors import NotAllowed
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.consent.purposes import Purpose
from zhiyue.core.kit import clock
from zhiyue.facilities.search.models import Synonyms
from zhiyue.facilities.search.report import report
from zhiyue.facilities.search.services import put_synonyms, remove_synonyms

pytestmark = pytest.mark.django_db

QUERIES = 6


def searched(actor, words, found, days_ago=0):
    moment = clock.day_start(clock.days_before(clock.business_day(), days_ago))
    record("search.made", actor=actor, occurred_at=moment, words=words, found=found)


@pytest.fixture
def searches(learner, visitor):
    for words, found in (("统计", 5), ("統計", 5), ("统计", 5), ("飞船", 0), ("飞船", 0), ("鲸鱼", 0)):
        searched(Actor(visitor=visitor), words, found)
    searched(Actor(member_id=learner.pk), "太旧", 0, days_ago=30)


@pytest.fixture
def no_synonyms(db):
    Synonyms.objects.all().delete()


def as_viewer(user, *roles):
    return Viewer(user=user, visitor=None, roles=frozenset(roles))


def test_the_report_counts_wordings_of_one_question_together(operator, searches):
    found = report(as_viewer(operator, "operator"))
    assert (found.times, found.share_without, found.share_opened) == (6, 50, 0)
    assert [(row.words, row.times, row.without) for row in found.top] == [
        ("统计", 3, 0), ("飞船", 2, 2), ("鲸鱼", 1, 1),
    ]  # fmt: skip
    assert [(row.words, row.without) for row in found.without] == [("飞船", 2), ("鲸鱼", 1)]


def test_questions_of_nothing_but_signs_are_left_out(operator, searches, visitor):
    searched(Actor(visitor=visitor), "？？！", 0)
    found = report(as_viewer(operator, "operator"))
    assert (found.times, [row.words for row in found.without]) == (6, ["飞船", "鲸鱼"])


def test_the_page_shows_words_and_no_names(read, searches):
    page = read("/desk/searches/")
    assert "飞船" in page
    assert "太旧" not in page
    assert "小林" not in page
    assert 'href="?word=%E9%A3%9E%E8%88%B9#synonyms"' in page
    assert '<dd class="measure-value">50 %</dd>' in page


def test_an_academy_without_searches_says_so(read):
    assert "Nobody has searched yet" in read("/desk/searches/")


def test_a_word_not_found_is_offered_for_a_synonym(read):
    assert 'value="飞船 = "' in read("/desk/searches/", word="飞船")


def test_synonyms_are_added_changed_removed_and_audited(desk, operator, no_synonyms):
    answer = desk.post("/desk/searches/synonyms/", {"words": "Excel = 表格＝ 电子表格 = EXCEL"})
    assert (answer.status_code, answer["Location"]) == (302, "/desk/searches/#synonyms")
    row = Synonyms.objects.get()
    assert row.words == ["Excel", "表格", "电子表格"]
    desk.post(f"/desk/searches/synonyms/{row.pk}/", {"words": "Excel=表格"})
    desk.post(f"/desk/searches/synonyms/{row.pk}/remove/")
    assert not Synonyms.objects.exists()
    acts = AuditEntry.objects.order_by("pk").values_list("act", "by_id", "before", "after")
    assert list(acts) == [
        ("synonyms.added", operator.pk, None, {"words": ["Excel", "表格", "电子表格"]}),
        (
            "synonyms.changed",
            operator.pk,
            {"words": ["Excel", "表格", "电子表格"]},
            {"words": ["Excel", "表格"]},
        ),
        ("synonyms.removed", operator.pk, {"words": ["Excel", "表格"]}, None),
    ]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("Excel", "Give at least two different words"),
        ("Excel = ＥＸＣＥＬ", "Give at least two different words"),
        ("", "Give at least two different words"),
        ("a = " + "长" * 25, "is too long"),
        ("=".join("甲乙丙丁戊己庚辛壬癸子丑寅"), "at most 12 words"),
    ],
)
def test_bad_synonyms_come_back_as_typed_and_nothing_is_kept(desk, no_synonyms, typed, said):
    answer = desk.post("/desk/searches/synonyms/", {"words": typed})
    assert answer.status_code == 400
    page = answer.content.decode()
    assert said in page
    assert f'value="{typed}"' in page
    assert not Synonyms.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_group_that_is_gone_is_not_found(desk):
    assert desk.post("/desk/searches/synonyms/98765/", {"words": "a = b"}).status_code == 404
    assert desk.post("/desk/searches/synonyms/98765/remove/").status_code == 404


@pytest.mark.parametrize("who", ["stranger", "creator", "agent"])
def test_others_neither_see_nor_change_it(request, signed_in, who, no_synonyms):
    user = request.getfixturevalue(who)
    client = signed_in(user)
    assert client.get("/desk/searches/").status_code == 403
    assert client.post("/desk/searches/synonyms/", {"words": "a = b"}).status_code == 403
    with pytest.raises(NotAllowed):
        report(as_viewer(user, who))
    with pytest.raises(NotAllowed):
        put_synonyms(by=as_viewer(user, who), words=["a", "b"])
    row = Synonyms.objects.create(words=["a", "b"])
    with pytest.raises(NotAllowed):
        remove_synonyms(by=as_viewer(user, who), synonyms_id=row.pk)
    assert Synonyms.objects.get().words == ["a", "b"]
    assert not AuditEntry.objects.exists()


def test_the_number_of_queries_does_not_grow(desk, searches, django_assert_num_queries):
    with django_assert_num_queries(QUERIES):
        desk.get("/desk/searches/")
    Synonyms.objects.bulk_create([Synonyms(words=[f"w{n}", f"v{n}"]) for n in range(30)])
    with django_assert_num_queries(QUERIES):
        desk.get("/desk/searches/")


def test_what_may_not_be_analysed_is_not_in_the_report(operator, searches):
    searched(Actor(visitor=make_visitor(Purpose.PERSONALISATION)), "鲸鱼", 0)
    assert report(as_viewer(operator, "operator")).times == 6
