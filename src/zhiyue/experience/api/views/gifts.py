"""Lessons that members show to friends: making the link, looking at one, opening it."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import pgettext
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from zhiyue.core.accounts.tokens import Scope
from zhiyue.experience.api import examples
from zhiyue.experience.api.endpoint import Endpoint, needs
from zhiyue.experience.api.repeating import repeatable
from zhiyue.experience.api.shapes import membership as shapes
from zhiyue.experience.api.shapes.lists import PageQuery
from zhiyue.experience.api.views.me import MyEndpoint
from zhiyue.product.catalogue.models import Lesson
from zhiyue.product.commerce.lending.gifts import (
    ShownGift,
    gift_of,
    gifts_by,
    gifts_to,
    make_gift,
    open_gift,
    opening_now,
    shown_gifts,
)
from zhiyue.product.commerce.selectors import lesson_for


class MyGifts(MyEndpoint):
    @needs(Scope.ME_READ, PageQuery)
    @extend_schema(operation_id="listMyGifts", tags=["Me"], responses=shapes.GiftPageShape)
    def get(self, request: Request) -> Response:
        """List lessons that I show to friends

        The newest first.
        """
        found = self.listed(gifts_by(self.member), order=("-pk",))
        items = [_told(self.page, one) for one in shown_gifts(found.rows)]
        return self.list_answer(found, shapes.GiftShape(items, many=True).data)

    @needs(Scope.ME_WRITE)
    @extend_schema(
        operation_id="makeGift",
        tags=["Me"],
        examples=examples.GIVE,
        request=shapes.MakeGiftShape,
        responses={201: shapes.GiftShape},
    )
    @repeatable
    def post(self, request: Request) -> Response:
        """Show a lesson to friends

        A link by which a few friends read the whole lesson, for some days. While there is one of this lesson that
        opens for anybody, it is told again.
        """
        wanted = self.read_body(shapes.MakeGiftShape, request)
        try:
            lesson = lesson_for(self.viewer, wanted["course"], wanted["lesson"])
        except Lesson.DoesNotExist as missing:
            words = pgettext("api", "There is no such lesson in this course.")
            raise ValidationError({"lesson": [words]}) from missing
        made = make_gift(user=self.member, lesson=lesson, actor=self.actor)
        return Response(_whole(self.page, made.secret), status=201)


class ReceivedGifts(MyEndpoint):
    @needs(Scope.ME_READ, PageQuery)
    @extend_schema(operation_id="listReceivedGifts", tags=["Me"], responses=shapes.ReceivedGiftPageShape)
    def get(self, request: Request) -> Response:
        """List lessons that friends show me

        Those that I opened and whose time isn't over, the one opened last first.
        """
        found = self.listed(gifts_to(self.member), order=("-pk",))
        opening = opening_now(row.gift for row in found.rows)
        items = [
            {
                "giver": row.gift.giver.display_name,
                "course": row.gift.lesson.course.slug,
                "lesson": row.gift.lesson.slug,
                "title": row.gift.lesson.title,
                "opened_at": row.opened_at,
                "until": row.gift.ends_at,
                "is_open": row.gift_id in opening,
            }
            for row in found.rows
        ]
        return self.list_answer(found, shapes.ReceivedGiftShape(items, many=True).data)


class OneGift(Endpoint):
    is_personal = True

    @needs(Scope.CATALOGUE_READ)
    @extend_schema(operation_id="getGift", tags=["Lessons"], responses=shapes.GiftShape)
    def get(self, request: Request, secret: str) -> Response:
        """Get a gift by what is in its link

        Looking opens nothing.
        """
        return Response(_whole(self.page, secret))


class OpenGift(MyEndpoint):
    may_answer = frozenset({410})

    @needs(Scope.ME_WRITE)
    @extend_schema(operation_id="openGift", tags=["Lessons"], request=None, responses={200: shapes.GiftShape})
    @repeatable
    def post(self, request: Request, secret: str) -> Response:
        """Open a gift

        The lesson is open to me from then on, until the gift ends. Whom it opens to anyway uses up no place of it, and
        nobody a second one. Where it opens for nobody else the answer is 410.
        """
        open_gift(secret=secret, user=self.member, visitor=self.viewer.visitor, actor=self.actor)
        return Response(_whole(self.page, secret))


def _whole(request: HttpRequest, secret: str) -> Any:
    return shapes.GiftShape(_told(request, gift_of(secret))).data


def _told(request: HttpRequest, shown: ShownGift) -> dict[str, Any]:
    gift = shown.gift
    return {
        "secret": gift.secret,
        "address": request.build_absolute_uri(reverse("site:gift", args=[gift.secret])),
        "giver": gift.giver.display_name,
        "course": gift.lesson.course.slug,
        "lesson": gift.lesson.slug,
        "title": gift.lesson.title,
        "friends": gift.friends,
        "opened": shown.opened,
        "is_open": shown.is_open,
        "ends_at": gift.ends_at,
    }
