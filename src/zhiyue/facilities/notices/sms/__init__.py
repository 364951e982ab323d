"""SMS providers: the table of twins, and which one this installation uses."""

from collections.abc import Callable

from django.conf import settings

from zhiyue.facilities.notices.kinds import SmsProvider
from zhiyue.facilities.notices.sms.aliyun import Aliyun
from zhiyue.facilities.notices.sms.console import Console
from zhiyue.facilities.notices.sms.tencent import Tencent

PROVIDERS: dict[str, Callable[[], SmsProvider]] = {"console": Console, "aliyun": Aliyun, "tencent": Tencent}


def provider() -> SmsProvider | None:
    """The provider chosen by ZHIYUE_SMS_PROVIDER; None where the academy sends no SMS."""
    chosen = settings.ZHIYUE_SMS_PROVIDER
    return PROVIDERS[chosen]() if chosen in PROVIDERS else None
