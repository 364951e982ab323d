"""Which policies the small towns of the tests can teach, and what makes what they were taught worse."""

import random

from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.accounts.models import User
from zhiyue.recommend.policies import POLICIES

# Of the deep one there are too few people; how it stands among the others is in test_deep.
TAUGHT = tuple(name for name in POLICIES if name != "deep")


def wander(courses, *, people: int) -> None:
    """So many members take a course that nothing told of, each of another topic and in an order of their own."""
    choice = random.Random(0)
    members = list(User.objects.filter(email__startswith="p").order_by("pk"))
    for n in range(people):
        place = 4 * ((n + 1 + choice.randrange(3)) % 4) + choice.randrange(4)
        record("course.enrolled", actor=Actor(member_id=members[n % 40].pk), course_id=courses[place].pk)
