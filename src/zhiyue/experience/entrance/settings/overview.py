"""What the rows of the settings say about an account: each with its present state and where it is changed."""

from dataclasses import dataclass

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.urls import NoReverseMatch, reverse
from django.utils.translation import npgettext, pgettext

from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.phones import said_phone
from zhiyue.experience.entrance.safety import providers


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list: what it is, how it stands, where it leads. `mark` is a badge: good, warn or none."""

    icon: str
    title: str
    url: str
    value: str = ""
    badge: str = ""
    mark: str = ""


def address_of(name: str) -> str:
    """Where a page lies; empty where this academy has no such page."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def main_rows() -> list[list[Row]]:
    """The list under /settings/, in its groups."""
    groups = [
        [
            Row("user", pgettext("settings", "Profile"), reverse("entrance:profile")),
            Row("sparkles", pgettext("settings", "What I care about"), reverse("site:interests")),
            Row("shield-check", pgettext("settings", "Sign-in and safety"), reverse("entrance:safety")),
            Row("monitor-smartphone", pgettext("settings", "Devices"), reverse("entrance:devices")),
        ],
        [
            Row("languages", pgettext("settings", "Language and appearance"), reverse("entrance:appearance")),
            Row("bell", pgettext("settings", "Notifications"), reverse("entrance:notifications")),
            Row("eye-off", pgettext("consent", "Privacy and consent"), reverse("entrance:privacy")),
        ],
        [Row("key-round", pgettext("settings", "Access tokens"), address_of("entrance:tokens"))],
    ]
    return [rows for group in groups if (rows := [row for row in group if row.url])]


def way_rows(user: User) -> list[Row]:
    """How one signs in: address, phone, password."""
    verified = bool(user.email) and EmailAddress.objects.filter(user_id=user.pk, verified=True).exists()
    unverified = "" if verified or not user.email else pgettext("settings", "Not verified")
    has_password = user.has_usable_password()
    password_url = address_of("entrance:change_password")
    unset = pgettext("settings", "Not set")
    rows = [
        Row(
            "mail",
            pgettext("settings", "E-mail"),
            address_of("entrance:change_email"),
            user.email or unset,
            unverified,
            "warn",
        ),
        Row(
            "smartphone",
            pgettext("settings", "Phone"),
            address_of("entrance:change_phone"),
            said_phone(user.phone or "") or unset,
        ),
        Row(
            "lock",
            pgettext("settings", "Password"),
            password_url,
            pgettext("settings", "Set") if has_password else unset,
        ),
    ]
    return [row for row in rows if row.url]


def factor_rows(user: User) -> list[Row]:
    """Passkeys, authenticator app and recovery codes."""
    kept: dict[str, list[Authenticator]] = {}
    for one in Authenticator.objects.filter(user_id=user.pk):
        kept.setdefault(one.type, []).append(one)
    app = Authenticator.Type.TOTP in kept
    rows = [
        Row(
            "fingerprint",
            pgettext("settings", "Passkeys"),
            reverse("mfa_list_webauthn"),
            str(len(kept.get(Authenticator.Type.WEBAUTHN, ())) or pgettext("settings", "None yet")),
        ),
        Row(
            "smartphone-nfc",
            pgettext("settings", "Authenticator app"),
            reverse("mfa_deactivate_totp" if app else "mfa_activate_totp"),
            "" if app else pgettext("settings", "Off"),
            pgettext("settings", "On") if app else "",
            "good",
        ),
    ]
    return rows + [_codes_row(codes) for codes in kept.get(Authenticator.Type.RECOVERY_CODES, ())]


def _codes_row(codes: Authenticator) -> Row:
    """Counted without unsealing: each used code is a bit."""
    left = 10 - int(codes.data.get("used_mask", 0)).bit_count()
    words = npgettext("settings", "%(n)s left", "%(n)s left", left) % {"n": left}
    url = reverse("mfa_generate_recovery_codes" if codes.data.get("viewed_at") else "mfa_view_recovery_codes")
    few = pgettext("settings", "Make new ones") if left <= 3 else ""
    return Row("life-buoy", pgettext("settings", "Recovery codes"), url, words, few, "warn")


def connected_rows(user: User) -> list[Row]:
    """One row for all accounts at other sites, where there are any or could be."""
    names = [
        providers.name_of(key)
        for key in SocialAccount.objects.filter(user_id=user.pk).values_list("provider", flat=True)
    ]
    if not names and not providers.offered():
        return []
    title = pgettext("settings", "Connected accounts")
    value = pgettext("settings", ", ").join(names) or pgettext("settings", "None yet")
    return [Row("link", title, reverse("socialaccount_connections"), value)]
