from django.urls import path, re_path

from zhiyue.experience.shell import pictures, views

app_name = "shell"

urlpatterns = [
    re_path(r"^academy/logo-(?P<digest>[0-9a-f]{16})\.png$", views.logo, name="logo"),
    path("preferences/theme/", views.theme, name="theme"),
    path("preferences/language/", views.language, name="language"),
    path("design/", views.design, name="design"),
    re_path(
        r"^media/pictures/(?P<name>[0-9a-f]{32}(?:-\d{1,4}x\d{1,4})?\.jpg)$", pictures.picture, name="picture"
    ),
]
