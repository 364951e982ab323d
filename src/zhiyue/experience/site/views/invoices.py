"""What a member has in hand of an order of theirs: its receipt."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from zhiyue.experience.shell.doors import by_sign_in
from zhiyue.experience.shell.receipts import receipt_answer
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.commerce.invoices.receipts import receipt_of


@require_safe
def receipt(request: PageRequest, number: str) -> HttpResponse:
    """The receipt of a paid order of mine, as a file."""
    user = request.viewer.user
    if user is None:
        return by_sign_in(request, home="site:orders")
    return receipt_answer(receipt_of(user, number))
