"""Where providers tell what became of payments. Whatever comes is judged by `commerce`, which believes proofs alone."""

from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from zhiyue.product.commerce.errors import NotProved, ProviderNotOffered
from zhiyue.product.commerce.payments import receive
from zhiyue.product.commerce.providers.protocol import Notice

BYTES_AT_MOST = 64 * 1024


@csrf_exempt
@require_POST
def notify(request: HttpRequest, provider: str) -> HttpResponse:
    """Answers as the provider wants to hear it; plain words for who isn't one."""
    try:
        body = request.read(BYTES_AT_MOST + 1)
    except UnreadablePostError:
        return _said("The notice broke off.", 400)
    if len(body) > BYTES_AT_MOST:
        return _said("The notice is too long.", 413)
    notice = Notice(headers=dict(request.headers), query=request.GET.dict(), body=body)
    try:
        answer = receive(provider, notice)
    except (NotProved, ProviderNotOffered) as refusal:
        return _said(str(refusal.message), 400 if isinstance(refusal, NotProved) else 404)
    return HttpResponse(answer.body, status=answer.status, content_type=answer.content_type)


def _said(words: str, status: int) -> HttpResponse:
    return HttpResponse(words, status=status, content_type="text/plain; charset=utf-8")
