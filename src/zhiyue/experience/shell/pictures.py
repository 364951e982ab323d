"""Pictures that authors uploaded, as the catalogue made them anew."""

from pathlib import PurePosixPath

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpResponseBase
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.catalogue.pictures import FOLDER

_YEAR_SECONDS = 365 * 24 * 3600


def address_of(picture: str) -> str:
    """Where a picture of the storage is served."""
    return reverse("shell:picture", args=[PurePosixPath(picture).name])


@require_safe
def picture(request: PageRequest, name: str) -> HttpResponseBase:
    """Its name is made of its content, so that caches may keep it for good. It is a JPEG, whatever was uploaded."""
    try:
        file = default_storage.open(f"{FOLDER}/{name}")
    except FileNotFoundError as gone:
        raise Http404 from gone
    answer = FileResponse(file, content_type="image/jpeg")
    answer["Content-Disposition"] = "inline"
    answer["X-Content-Type-Options"] = "nosniff"
    patch_cache_control(answer, public=True, max_age=_YEAR_SECONDS, immutable=True)
    return answer
