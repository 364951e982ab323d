from django.urls import path

from zhiyue.experience.shell import views

app_name = "shell"

urlpatterns = [
    path("preferences/theme/", views.theme, name="theme"),
    path("preferences/language/", views.language, name="language"),
    path("design/", views.design, name="design"),
]
