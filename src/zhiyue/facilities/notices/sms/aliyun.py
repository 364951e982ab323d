"""阿里云短信服务 (Dysmsapi 2017-05-25) by its own library. Source: help.aliyun.com, SendSms."""

import json

from zhiyue.facilities.notices.errors import NotSent
from zhiyue.facilities.notices.kinds import Sms
from zhiyue.facilities.notices.sms.account import TIMEOUT_SECONDS, Account, sdk, template_id

HOST = "dysmsapi.aliyuncs.com"
# Limits and faults of theirs pass; a wrong number, signature or template doesn't.
PASSING = {"isv.BUSINESS_LIMIT_CONTROL", "isp.SYSTEM_ERROR", "isp.RAM_PERMISSION_DENY", "SYSTEM_ERROR"}


class Aliyun:
    is_console = False

    def send(self, sms: Sms) -> None:
        account = Account.of_settings(host=HOST)
        client = sdk("alibabacloud_dysmsapi20170525.client", extra="sms-aliyun")
        requests = sdk("alibabacloud_dysmsapi20170525.models", extra="sms-aliyun")
        openapi = sdk("alibabacloud_tea_openapi.models", extra="sms-aliyun")
        config = openapi.Config(
            access_key_id=account.key_id,
            access_key_secret=account.secret,
            endpoint=account.host,
            protocol=account.scheme,
            connect_timeout=TIMEOUT_SECONDS * 1000,
            read_timeout=TIMEOUT_SECONDS * 1000,
        )
        request = requests.SendSmsRequest(
            # Numbers of the mainland go without their prefix.
            phone_numbers=sms.phone.removeprefix("+86").removeprefix("+"),
            sign_name=account.sign_name,
            template_code=template_id(sms.template),
            template_param=json.dumps(dict(sms.values), ensure_ascii=False),
        )
        try:
            answer = client.Client(config).send_sms(request).body
        except Exception as why:  # their library raises a class per transport
            code = str(getattr(why, "code", "") or "")
            raise NotSent(
                f"Aliyun: {why}"[:300], is_passing=not code.startswith(("isv.", "Invalid", "Forbidden"))
            ) from why
        if answer.code != "OK":
            raise NotSent(f"Aliyun: {answer.code} {answer.message}"[:300], is_passing=answer.code in PASSING)
