"""腾讯云短信 (SMS 2021-01-11) by its own library. Source: cloud.tencent.com, SendSms."""

from zhiyue.facilities.notices.errors import NotSent
from zhiyue.facilities.notices.kinds import Sms
from zhiyue.facilities.notices.sms.account import TIMEOUT_SECONDS, Account, sdk, template_id

HOST = "sms.tencentcloudapi.com"
REGION = "ap-guangzhou"
# Limits and faults of theirs pass; a wrong number, signature or template doesn't.
PASSING = (
    "LimitExceeded",
    "InternalError",
    "RequestLimitExceeded",
    "ClientNetworkError",
    "ServerNetworkError",
)


class Tencent:
    is_console = False

    def send(self, sms: Sms) -> None:
        account = Account.of_settings(host=HOST)
        client = sdk("tencentcloud.sms.v20210111.sms_client", extra="sms-tencent")
        requests = sdk("tencentcloud.sms.v20210111.models", extra="sms-tencent")
        credential = sdk("tencentcloud.common.credential", extra="sms-tencent")
        profiles = sdk("tencentcloud.common.profile.client_profile", extra="sms-tencent")
        transport = sdk("tencentcloud.common.profile.http_profile", extra="sms-tencent")
        errors = sdk("tencentcloud.common.exception.tencent_cloud_sdk_exception", extra="sms-tencent")
        profile = profiles.ClientProfile(
            httpProfile=transport.HttpProfile(
                protocol=account.scheme, endpoint=account.host, reqTimeout=TIMEOUT_SECONDS
            )
        )
        request = requests.SendSmsRequest()
        request.SmsSdkAppId = account.app_id
        request.SignName = account.sign_name
        request.TemplateId = template_id(sms.template)
        request.TemplateParamSet = list(sms.values.values())
        request.PhoneNumberSet = [sms.phone]
        try:
            keys = credential.Credential(account.key_id, account.secret)
            answer = client.SmsClient(keys, REGION, profile).SendSms(request)
        except errors.TencentCloudSDKException as why:
            passing = str(why.code or "").startswith(PASSING)
            raise NotSent(f"Tencent: {why.code} {why.message}"[:300], is_passing=passing) from why
        status = answer.SendStatusSet[0]
        if status.Code != "Ok":
            raise NotSent(
                f"Tencent: {status.Code} {status.Message}"[:300], is_passing=status.Code.startswith(PASSING)
            )
