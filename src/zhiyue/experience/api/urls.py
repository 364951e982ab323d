from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.urls import path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from zhiyue.experience.api import views

app_name = "api"

docs = SpectacularSwaggerSplitView.as_view(url_name="api:schema")

urlpatterns = [
    path("events", views.events, name="events"),
    path("slate", views.slate, name="slate"),
    path("courses", views.courses, name="courses"),
    path("activity", views.activity, name="activity"),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    # Swagger styles its page from within; no other page may.
    path("docs", csp_replace({"style-src": [SELF, UNSAFE_INLINE]})(docs), name="docs"),
    re_path(r"^(?P<rest>.*)$", views.nothing_here),
]
