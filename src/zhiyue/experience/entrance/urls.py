from django.urls import URLPattern, URLResolver, include, path

from zhiyue.experience.entrance.views import agreements, changes, codes, sign_in, sign_up

app_name = "entrance"

urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("sign-in/code/", sign_in.sign_in_by_code, name="sign_in_by_code"),
    path("sign-in/code/enter/", codes.enter_code, name="enter_code"),
    path("sign-in/code/again/", codes.send_again, name="send_again"),
    path("sign-in/agreements/", agreements.agreements, name="agreements"),
    path("sign-up/", sign_up.sign_up, name="sign_up"),
    path("sign-up/finish/", sign_up.finish, name="finish"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("password/forgotten/", sign_in.forgotten, name="forgotten"),
    path("password/new/", codes.new_password, name="new_password"),
    path("settings/email/", changes.change_email, name="change_email"),
    path("settings/phone/", changes.change_phone, name="change_phone"),
    path("settings/password/", changes.change_password, name="change_password"),
    path("", include("zhiyue.experience.entrance.privacy.urls")),
    path("", include("zhiyue.experience.entrance.settings.urls")),
    path("", include("zhiyue.experience.entrance.tokens.urls")),
]
