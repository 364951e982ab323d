"""How long ago something was, in words."""

from datetime import timedelta

import pytest
from django.utils import translation

from zhiyue.core.kit import clock
from zhiyue.experience.shell.templatetags.shell import ago


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (0, "just now", "刚刚"),
        (59, "just now", "刚刚"),
        (61, "1 minute ago", "1 分钟前"),
        (7300, "2 hours ago", "2 小时前"),
        (100 * 86_400, "3 months ago", "3 个月前"),
    ],
)
def test_the_last_minute_is_just_now(seconds, english, chinese, monkeypatch):
    now = clock.day_start(clock.business_day()) + timedelta(
        hours=15
    )  # two hours ago is today, at any hour of the run
    monkeypatch.setattr(clock, "now", lambda: now)
    for language, said in (("en", english), ("zh-hans", chinese)):
        with translation.override(language):
            assert ago(now - timedelta(seconds=seconds)).replace("\xa0", " ") == said
