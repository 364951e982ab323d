"""Pictures that authors send: so many a minute, and of each no more than it takes to refuse it."""

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.utils.translation import pgettext
from limits import RateLimitItemPerMinute

from zhiyue.core.kit.errors import Refused
from zhiyue.experience.shell.limits import Allowance, TooMany, spend
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.catalogue.errors import BadFact
from zhiyue.product.catalogue.pictures import BYTES_AT_MOST

# Reading one takes up to a second. Nobody puts one into a text every two seconds; a whole folder dropped at once fits.
PICTURES = RateLimitItemPerMinute(30)


def sent_picture(request: PageRequest) -> bytes:
    """The picture that was sent, for a text, a cover or a portrait: all count together. Raises BadFact, TooMany."""
    upload = request.FILES.get("picture")
    if not isinstance(upload, UploadedFile):
        raise BadFact("picture", pgettext("studio", "Choose a file first."))
    spend([Allowance(PICTURES, "picture", f"m{request.viewer.member_id}")])
    # One byte too many is enough to refuse it.
    content: bytes = upload.read(BYTES_AT_MOST + 1)
    return content


def with_wait(answer: HttpResponse, why: Refused) -> HttpResponse:
    """An answer that says why a picture was refused, with how long to wait where there were too many."""
    if isinstance(why, TooMany):
        answer["Retry-After"] = str(why.retry_after)
    return answer
