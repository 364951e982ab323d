from django.urls import URLPattern, URLResolver, include, path

app_name = "entrance"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("zhiyue.experience.entrance.settings.urls")),
]
