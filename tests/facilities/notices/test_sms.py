"""Each provider's own library, talking to a server on loopback that answers as the provider does."""

import json

import pytest

from tests.facilities.notices.provider_server import provider_server
from zhiyue.facilities.notices import sms
from zhiyue.facilities.notices.errors import NotSent
from zhiyue.facilities.notices.kinds import Sms

CODE = Sms(phone="+8613800138000", template="code", values={"code": "042137", "minutes": "10"})


@pytest.fixture
def provider(settings):
    with provider_server() as server:
        settings.ZHIYUE_SMS_ENDPOINT = server.address
        settings.ZHIYUE_SMS_KEY_ID, settings.ZHIYUE_SMS_SECRET = "key-1", "secret-1"
        settings.ZHIYUE_SMS_SIGN_NAME, settings.ZHIYUE_SMS_APP_ID = "知跃", "1400000000"
        settings.ZHIYUE_SMS_TEMPLATES = {"code": "SMS_100"}
        yield server


def send(settings, name):
    settings.ZHIYUE_SMS_PROVIDER = name
    chosen = sms.provider()
    assert chosen is not None
    assert not chosen.is_console
    chosen.send(CODE)


def test_aliyun_is_told_number_signature_template_and_values(provider, settings):
    provider.answer = (200, {"Code": "OK", "Message": "OK", "BizId": "1", "RequestId": "2"})
    send(settings, "aliyun")
    (request,) = provider.requests
    told = {**{key: values[0] for key, values in request["query"].items()}}
    assert told["PhoneNumbers"] == "13800138000"
    assert (told["SignName"], told["TemplateCode"]) == ("知跃", "SMS_100")
    assert json.loads(told["TemplateParam"]) == {"code": "042137", "minutes": "10"}
    headers = {name.lower(): value for name, value in request["headers"].items()}
    assert headers["x-acs-action"] == "SendSms"
    assert "key-1" in headers["authorization"]
    assert "secret-1" not in str(request)


def test_tencent_is_told_number_signature_template_and_values(provider, settings):
    status = {"Code": "Ok", "Message": "send success", "SerialNo": "1", "PhoneNumber": CODE.phone}
    provider.answer = (200, {"Response": {"SendStatusSet": [status], "RequestId": "2"}})
    send(settings, "tencent")
    (request,) = provider.requests
    told = json.loads(request["body"])
    assert told["PhoneNumberSet"] == ["+8613800138000"]
    assert (told["SmsSdkAppId"], told["SignName"], told["TemplateId"]) == ("1400000000", "知跃", "SMS_100")
    assert told["TemplateParamSet"] == ["042137", "10"]
    headers = {name.lower(): value for name, value in request["headers"].items()}
    assert headers["x-tc-action"] == "SendSms"
    assert "key-1" in headers["authorization"]
    assert "secret-1" not in str(request)


ALIYUN_REFUSALS = [("isv.MOBILE_NUMBER_ILLEGAL", False), ("isv.BUSINESS_LIMIT_CONTROL", True)]
TENCENT_REFUSALS = [
    ("InvalidParameterValue.IncorrectPhoneNumber", False),
    ("LimitExceeded.PhoneNumberDailyLimit", True),
]


@pytest.mark.parametrize(("code", "is_passing"), ALIYUN_REFUSALS)
def test_aliyuns_refusal_is_told_in_its_own_words(provider, settings, code, is_passing):
    provider.answer = (200, {"Code": code, "Message": "不行", "RequestId": "2"})
    with pytest.raises(NotSent, match=code) as why:
        send(settings, "aliyun")
    assert why.value.is_passing is is_passing


@pytest.mark.parametrize(("code", "is_passing"), TENCENT_REFUSALS)
def test_tencents_refusal_is_told_in_its_own_words(provider, settings, code, is_passing):
    status = {"Code": code, "Message": "不行", "SerialNo": "", "PhoneNumber": CODE.phone}
    provider.answer = (200, {"Response": {"SendStatusSet": [status], "RequestId": "2"}})
    with pytest.raises(NotSent, match=code) as why:
        send(settings, "tencent")
    assert why.value.is_passing is is_passing


def test_a_wrong_key_is_not_tried_again(provider, settings):
    error = {"Error": {"Code": "AuthFailure.SecretIdNotFound", "Message": "no such key"}, "RequestId": "2"}
    provider.answer = (200, {"Response": error})
    with pytest.raises(NotSent, match="SecretIdNotFound") as why:
        send(settings, "tencent")
    assert why.value.is_passing is False


@pytest.mark.parametrize("name", ["aliyun", "tencent"])
def test_a_provider_that_does_not_answer_is_tried_again(provider, settings, name):
    settings.ZHIYUE_SMS_ENDPOINT = "http://127.0.0.1:9"
    with pytest.raises(NotSent) as why:
        send(settings, name)
    assert why.value.is_passing is True


@pytest.mark.parametrize("name", ["aliyun", "tencent"])
def test_a_template_without_a_number_is_named(provider, settings, name):
    settings.ZHIYUE_SMS_TEMPLATES = {}
    with pytest.raises(NotSent, match="ZHIYUE_SMS_TEMPLATES names no template for “code”"):
        send(settings, name)
    assert provider.requests == []


def test_the_console_sends_nothing_anywhere(provider, settings, caplog):
    settings.ZHIYUE_SMS_PROVIDER = "console"
    with caplog.at_level("INFO"):
        sms.provider().send(CODE)
    assert provider.requests == []
    assert "042137" in caplog.text


def test_an_academy_may_have_no_sms(settings):
    settings.ZHIYUE_SMS_PROVIDER = "none"
    assert sms.provider() is None
