"""Finding by words."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from zhiyue.core.accounts.tokens import Scope
from zhiyue.experience.api.endpoint import Endpoint, needs
from zhiyue.experience.api.shapes.search import SearchQuery, SearchShape
from zhiyue.product.catalogue.indexing import TEACHER
from zhiyue.product.learning.search import COURSES, LESSONS, PEOPLE, Answer, find


class Search(Endpoint):
    @needs(Scope.CATALOGUE_READ, SearchQuery)
    @extend_schema(operation_id="search", tags=["Catalogue"], responses=SearchShape)
    def get(self, request: Request) -> Response:
        """Find courses, people and lessons

        The best of each kind first. The text of a lesson is searched only where it is open to whoever asks.
        """
        answer = find(self.asked["q"], user=self.viewer.user, limit=self.asked["limit"])
        groups = {name: answer.found.groups[name].hits for name in answer.found.groups}
        told = {
            "meant": answer.found.meant,
            "is_near": answer.found.is_near,
            "courses": [answer.courses[h.ref] for h in groups.get(COURSES, ()) if h.ref in answer.courses],
            "people": [
                found for hit in groups.get(PEOPLE, ()) if (found := _person(answer, hit.kind, hit.ref))
            ],
            "lessons": [
                {
                    "course": answer.lessons[hit.ref].course.slug,
                    "lesson": answer.lessons[hit.ref].slug,
                    "title": answer.lessons[hit.ref].title,
                    "passage": str(hit.passage),
                }
                for hit in groups.get(LESSONS, ())
                if hit.ref in answer.lessons
            ],
        }
        return Response(SearchShape(told).data)


def _person(answer: Answer, kind: str, ref: int) -> dict[str, Any] | None:
    row = answer.teachers.get(ref) if kind == TEACHER else answer.topics.get(ref)
    return {"kind": kind, "slug": row.slug, "name": row.name} if row else None
