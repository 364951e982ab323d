"""What a member says about themselves."""

from django.db import IntegrityError, transaction
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.errors import UsernameTaken
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.names import tidy_username


@transaction.atomic
def change_profile(*, user: User, display_name: str, username: str, bio: str) -> None:
    """Change name, user name (empty for none) and bio. Raises UsernameTaken, and then changes nothing."""
    taken = UsernameTaken(pgettext_lazy("settings", "Somebody has this user name. Choose another one."))
    username = tidy_username(username)
    if username and User.objects.filter(username=username).exclude(pk=user.pk).exists():
        raise taken
    before = (user.display_name, user.username, user.bio)
    user.display_name, user.username, user.bio = display_name, username or None, bio
    try:
        # A savepoint: on PostgreSQL the unique violation would otherwise end the caller's transaction too.
        with transaction.atomic():
            user.save(update_fields=["display_name", "username", "bio"])
    except IntegrityError as clash:
        user.display_name, user.username, user.bio = before
        raise taken from clash
