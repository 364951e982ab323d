"""Members who join without a password: they came from another site that knows them."""

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.errors import EmailTaken
from zhiyue.core.accounts.models import User


@transaction.atomic
def create_member_from_elsewhere(*, display_name: str, username: str, email: str = "") -> User:
    """A new member. Raises EmailTaken. `email` is one that the other site has verified, and nobody's here."""
    user = User(display_name=display_name, username=username, email=email or None)
    user.set_unusable_password()
    try:
        # A savepoint: on PostgreSQL the unique violation would otherwise end the caller's transaction too.
        with transaction.atomic():
            user.save()
    except IntegrityError as clash:
        raise EmailTaken(
            pgettext_lazy("sign up", "This e-mail address already has an account. Sign in instead.")
        ) from clash
    if email:
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user
