"""`zhiyue open_course COURSE EMAIL …`: the academy opens a course for members."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from zhiyue.core.accounts.errors import Unfit
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.staff import tidy_why
from zhiyue.product.catalogue.errors import NotOffered
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.services import grant_course


class Command(BaseCommand):
    help = "Open a course for members, as after a payment made elsewhere. All of them, or none where one is unknown."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("course", help="The course's slug, as in its address.")
        parser.add_argument("email", nargs="+", help="Members' e-mail addresses.")
        parser.add_argument(
            "--why", required=True, help="Why, in 1 to 200 characters: it stands in the audit log."
        )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            why = tidy_why(options["why"])
        except Unfit as refused:
            raise CommandError(str(refused.message)) from refused
        course = Course.objects.filter(slug=options["course"]).first()
        if course is None:
            raise CommandError(
                f"There is no course “{options['course']}”; its slug is the last part of its address."
            )
        for email in options["email"]:
            user = User.objects.filter(email__iexact=email, is_active=True).first()
            if user is None:
                raise CommandError(f"There is no member with the address {email}. Nothing was opened.")
            try:
                was_new = grant_course(user=user, course=course, by=None, why=why)
            except NotOffered as refused:
                raise CommandError(f"“{course.title}” is a draft: publish it first.") from refused
            self.stdout.write(f"{user.email}: {'opened' if was_new else 'was open before'}")
