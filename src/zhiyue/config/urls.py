"""Every address, by surface."""

from django.conf import settings
from django.urls import include, path

from zhiyue.config import simulation
from zhiyue.config.admin import site
from zhiyue.config.health import healthz
from zhiyue.experience.desk import urls as desk
from zhiyue.experience.shell import errors

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("", include("zhiyue.experience.entrance.urls")),
    path("", include("zhiyue.experience.entrance.allauth_urls")),
    path("studio/", include("zhiyue.experience.studio.urls")),
    path("desk/", include(([*desk.urlpatterns, *simulation.urlpatterns], desk.app_name))),
    path("api/", include("zhiyue.experience.api.urls")),
    path("", include("zhiyue.experience.shell.urls")),
    path("", include("zhiyue.experience.site.urls")),
]

if settings.ZHIYUE_ENVIRONMENT != "production":
    # For looking at rows while developing; nothing of the product needs it.
    urlpatterns.append(path("admin/", site.urls))

handler400 = errors.bad_request
handler403 = errors.permission_denied
handler404 = errors.not_found
handler500 = errors.server_error
