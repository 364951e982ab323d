"""django-allauth finds these pages by their names, without a namespace. Of its pages only those listed here exist."""

from functools import partial

from allauth.account import views as account
from allauth.mfa.base import views as factors
from allauth.urls import build_provider_urlpatterns
from django.urls import include, path
from django.views.generic import RedirectView

from zhiyue.experience.entrance.safety import views
from zhiyue.experience.entrance.safety.callbacks import answered
from zhiyue.experience.entrance.settings.views import safety

_to = partial(RedirectView.as_view, query_string=True)

urlpatterns = [
    path("account/sign-in/", _to(pattern_name="entrance:sign_in"), name="account_login"),
    path("account/sign-up/", _to(pattern_name="entrance:sign_up"), name="account_signup"),
    path("account/closed/", views.closed, name="account_inactive"),
    path("settings/safety/confirm/", account.reauthenticate, name="account_reauthenticate"),
    path("sign-in/second-step/", factors.authenticate, name="mfa_authenticate"),
    path("sign-in/passkey/", views.sign_in_by_passkey, name="mfa_login_webauthn"),
    path("sign-in/with/cancelled/", views.cancelled, name="socialaccount_login_cancelled"),
    path("sign-in/with/", include(answered(build_provider_urlpatterns()))),
    path("settings/safety/", safety, name="mfa_index"),
    path("settings/safety/confirm/code/", factors.reauthenticate, name="mfa_reauthenticate"),
    path("settings/safety/confirm/passkey/", views.confirm_by_passkey, name="mfa_reauthenticate_webauthn"),
    path("settings/safety/authenticator/add/", views.activate_totp, name="mfa_activate_totp"),
    path("settings/safety/authenticator/", views.deactivate_totp, name="mfa_deactivate_totp"),
    path("settings/safety/passkeys/", views.passkeys, name="mfa_list_webauthn"),
    path("settings/safety/passkeys/add/", views.add_passkey, name="mfa_add_webauthn"),
    path("settings/safety/passkeys/<int:pk>/", views.rename_passkey, name="mfa_edit_webauthn"),
    path("settings/safety/passkeys/<int:pk>/remove/", views.remove_passkey, name="mfa_remove_webauthn"),
    path("settings/safety/recovery-codes/", views.recovery_codes, name="mfa_view_recovery_codes"),
    path("settings/safety/recovery-codes/new/", views.new_recovery_codes, name="mfa_generate_recovery_codes"),
    path("settings/safety/connected/", views.connections, name="socialaccount_connections"),
]
