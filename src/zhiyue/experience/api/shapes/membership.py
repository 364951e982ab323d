"""One's membership, trials, and lessons that friends show each other."""

from rest_framework import serializers

from zhiyue.experience.api.shapes.lists import ListShape, Moment, Shape
from zhiyue.experience.api.shapes.offers import OFFER


class HeldShape(Shape):
    """A period of a membership that is paid for."""

    plan = serializers.CharField(help_text="As an offer: `plan:2`.")
    title = serializers.CharField()
    order = serializers.CharField(help_text="The number of the order that paid for it.")
    months = serializers.IntegerField()
    off_percent = serializers.IntegerField(help_text="What its members pay less for everything else.")
    opens_from = Moment()
    opens_until = Moment()
    grace_until = Moment(help_text="Until when it goes on opening, where nothing follows.")


class PlanTrialShape(Shape):
    plan = serializers.CharField(help_text="As an offer: `plan:2`.")
    title = serializers.CharField()
    started_at = Moment()
    ends_at = Moment()


class MembershipShape(Shape):
    """What runs, and what follows it by itself. Nothing renews by itself."""

    running = HeldShape(allow_null=True)
    following = HeldShape(many=True)
    until = Moment(allow_null=True, help_text="The end of all that is paid for.")
    is_in_grace = serializers.BooleanField(help_text="True: its time is over, and it opens a little longer.")
    wants_reminder = serializers.BooleanField(help_text="Whether the member is told before it ends.")
    trial = PlanTrialShape(allow_null=True, help_text="A membership that is being tried.")


class MembershipChangeShape(Shape):
    wants_reminder = serializers.BooleanField()


class StartTrialShape(Shape):
    offer = serializers.CharField(max_length=40, help_text=f"{OFFER} A course or a membership.")


class TrialShape(Shape):
    """A trial that runs. It ends by itself, and nothing is charged."""

    offer = serializers.CharField(help_text=OFFER)
    started_at = Moment()
    ends_at = Moment()


class MakeGiftShape(Shape):
    course = serializers.SlugField(max_length=80, help_text="The slug of a course of mine.")
    lesson = serializers.SlugField(max_length=80, help_text="The slug of a lesson of it.")


class GiftShape(Shape):
    """A link by which a member shows a lesson to a few friends."""

    secret = serializers.CharField(help_text="Whoever knows it may open the lesson.")
    address = serializers.URLField(help_text="The page to hand on.")
    giver = serializers.CharField()
    course = serializers.CharField(help_text="Slug.")
    lesson = serializers.CharField(help_text="Slug.")
    title = serializers.CharField(help_text="The lesson's.")
    friends = serializers.IntegerField(help_text="For how many it is.")
    opened = serializers.IntegerField(help_text="How many have opened it.")
    is_open = serializers.BooleanField(help_text="True: it opens for somebody else.")
    ends_at = Moment()


class GiftPageShape(ListShape):
    items = GiftShape(many=True)


class ReceivedGiftShape(Shape):
    """A lesson that a friend shows whoever asks."""

    giver = serializers.CharField()
    course = serializers.CharField(help_text="Slug.")
    lesson = serializers.CharField(help_text="Slug.")
    title = serializers.CharField(help_text="The lesson's.")
    opened_at = Moment()
    until = Moment()
    is_open = serializers.BooleanField(help_text="False: the giver has it no longer, or it was withdrawn.")


class ReceivedGiftPageShape(ListShape):
    items = ReceivedGiftShape(many=True)
