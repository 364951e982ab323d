"""What requests and answers look like, for the schema. A test holds each one against its shape."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

COURSE: dict[str, Any] = {
    "id": 7,
    "slug": "statistical-intuition",
    "title": "统计学的直觉",
    "subtitle": "看懂数据，不被平均数骗",
    "form": "course",
    "language": "zh-hans",
    "topic": "data",
    "teacher": "何牧",
    "level": "beginner",
    "tags": ["统计"],
    "price_fen": 9900,
    "list_price_fen": 19900,
    "lesson_count": 12,
    "picture": None,
    "published_lesson_count": 9,
    "free_lesson": "why-averages-lie",
    "published_at": "2026-10-25T02:00:00Z",
}
ME: dict[str, Any] = {
    "id": 42,
    "display_name": "小林",
    "username": "xiaolin",
    "bio": "读书的人",
    "email": "lin@academy.example",
    "phone": None,
    "roles": [],
    "joined_at": "2026-09-01T08:30:00Z",
}
EVENTS: dict[str, Any] = {
    "sent_at": "2026-11-24T02:00:09Z",
    "events": [
        {
            "id": "6f1c9c1e-0c0f-4c1e-9b1e-0d7a3b1c2d3e",
            "name": "lesson.progressed",
            "at": "2026-11-24T02:00:00Z",
            "course_id": 7,
            "lesson_id": 81,
            "properties": {"percent": 40, "seconds": 30},
        }
    ],
}


def answer(value: object) -> list[OpenApiExample]:
    return [OpenApiExample("Example", value=value, response_only=True, status_codes=["200"])]


def asked(value: object) -> list[OpenApiExample]:
    return [OpenApiExample("Example", value=value, request_only=True)]


COURSES_PAGE = answer(
    {"items": [COURSE], "next": "https://academy.example/api/v1/courses?cursor=…", "previous": None}
)
MY_PROFILE = answer(ME)
CHANGE = asked({"bio": "读书的人"})
CONSENT = answer({"granted": ["analytics"], "version": 1, "chosen_at": "2026-11-24T02:00:00Z"})
CONSENT_CHOSEN = asked({"granted": ["analytics", "personalisation"]})
FEEDBACK = asked({"course": "statistical-intuition", "verdict": "not_for_me"})
CORRECTION = asked({"topic": "data", "verdict": "more"})
INTERESTS_CHANGE = asked({"is_used": True, "chosen": ["data"]})
JOIN = asked({"course": "statistical-intuition"})
OFFERED = answer(
    {
        "offer": "course:7",
        "kind": "course",
        "title": "统计学的直觉",
        "courses": ["statistical-intuition"],
        "lines": [{"kind": "price", "amount_fen": 9900, "code": ""}],
        "total_fen": 9900,
        "list_price_fen": 19900,
        "flash": None,
        "coupons": [],
        "is_owned": False,
        "trial": {"days": 7, "is_open": True, "ended_at": None},
        "plan": None,
        "bundle": None,
        "ways_to_pay": ["sandbox:page", "sandbox:qr"],
    }
)
INVOICE = answer(
    {
        "number": "F261129K7Q2M9X4TB",
        "status": "issued",
        "kind": "company",
        "title": "示例科技有限公司",
        "tax_number": "91350100M000100Y43",
        "email": "books@company.example",
        "amount_fen": 9900,
        "invoice_code": "",
        "invoice_number": "25332000000012345678",
        "reversal_number": "",
        "must_be_reversed": False,
        "fault": "",
        "file": "https://academy.example/invoices/F261129K7Q2M9X4TB/file/",
        "asked_at": "2026-11-29T02:00:00Z",
        "issued_at": "2026-11-29T02:00:12Z",
        "reversed_at": None,
    }
)
ASK_INVOICE = asked(
    {
        "kind": "company",
        "title": "示例科技有限公司",
        "tax_number": "91350100M000100Y43",
        "email": "books@company.example",
    }
)
RECKONED = answer(
    {
        "order": "Z261129K7Q2M9X4TB",
        "closed_to": "",
        "detail": "",
        "amount_fen": 6600,
        "goes_back_whole": False,
        "parts": [
            {
                "course": "statistical-intuition",
                "title": "统计学的直觉",
                "amount_fen": 6600,
                "lines": [
                    {"kind": "paid", "amount_fen": 9900, "count": 0, "of": 0},
                    {"kind": "lessons", "amount_fen": -3300, "count": 3, "of": 9},
                ],
                "why_not": "",
                "detail": "",
                "is_by_rule": True,
                "until": "2026-12-06T02:00:00Z",
            }
        ],
    }
)
ASK_REFUND = asked({"courses": ["statistical-intuition"], "reason": "time", "amount_fen": 6600})
PLACE = asked({"offer": "course:7", "total_fen": 9900})
PAY = asked({"way_to_pay": "sandbox:page"})
MEMBERSHIP = answer(
    {
        "running": {
            "plan": "plan:2",
            "title": "年度会员",
            "order": "Z261129K7Q2M9X4TB",
            "months": 12,
            "off_percent": 10,
            "opens_from": "2026-11-29T02:00:00Z",
            "opens_until": "2027-11-29T02:00:00Z",
            "grace_until": "2027-12-02T02:00:00Z",
        },
        "following": [],
        "until": "2027-11-29T02:00:00Z",
        "is_in_grace": False,
        "wants_reminder": True,
        "trial": None,
    }
)
TRY = asked({"offer": "course:7"})
GIVE = asked({"course": "statistical-intuition", "lesson": "correlation"})
CODE = asked({"code": "K7Q2M 9X4TB"})
DECIDE = asked(
    {"decision": "approve", "why": "视频打不开，按全额退", "amounts": [{"part": 31, "amount_fen": 9900}]}
)
MAKE_COUPON = asked(
    {
        "title": "新年八折",
        "audience": "everybody",
        "off_percent": 20,
        "most_fen": 5000,
        "scope": ["kind:course"],
        "ends_at": "2027-01-31T16:00:00Z",
        "most_uses": 500,
    }
)
ENTER_SETTLEMENT = asked(
    {"provider": "wechat", "day": "2026-12-05", "amount_fen": 1284560, "reference": "网银 20261205-0417"}
)
BATCH = asked(EVENTS)
