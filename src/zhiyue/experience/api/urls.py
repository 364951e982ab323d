from django.urls import path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from zhiyue.experience.api import views

app_name = "api"

urlpatterns = [
    path("events", views.events, name="events"),
    path("slate", views.slate, name="slate"),
    path("courses", views.courses, name="courses"),
    path("activity", views.activity, name="activity"),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="api:schema"), name="docs"),
    re_path(r"^(?P<rest>.*)$", views.nothing_here),
]
