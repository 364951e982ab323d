"""Names and joining days of the simulated members. Pure; the same seed, the same people."""

from datetime import datetime, timedelta

import numpy as np

from zhiyue.engine.simulate.chance import key
from zhiyue.engine.simulate.parameters import ACADEMY

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任"
    "姚卢傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江阎薛尹段雷黎史龙陶贺顾毛郝龚邵万钱严覃武莫孔"
)
GIVEN = (
    "明华伟芳敏静丽强磊洋艳勇军杰娟涛超霞平刚桂英文斌玲辉鹏飞雪梅兰婷宇浩然子轩雨涵梓萱思远嘉怡俊熙诗琪一"
    "诺欣妍天佑书瑶晨曦语桐若溪景行知夏初晴安然牧之清和望舒"
)
DOMAIN = "members.example.com"


def people(count: int, *, begin: datetime, end: datetime) -> list[tuple[str, str, datetime]]:
    """(e-mail, name, joined at) of `count` members: two in five were there at `begin`, the others join until `end`,
    ever more of them."""
    rng = np.random.default_rng([ACADEMY.seed, 7])
    span = (end - begin).total_seconds()
    found = []
    for number in range(1, count + 1):
        earlier = rng.random() < 0.4
        seconds = -rng.uniform(0, 60 * 86_400) if earlier else span * float(rng.uniform()) ** 0.7
        email = f"member{number:04d}@{DOMAIN}"
        found.append((email, name_of(email), begin + timedelta(seconds=seconds)))
    return found


def name_of(email: str) -> str:
    """A name that is always the same for an address: a surname and one or two given signs."""
    word = key("name", email)
    surname, first, second = (word >> shift & 0xFFFF for shift in (0, 16, 32))
    given = GIVEN[first % len(GIVEN)] + (GIVEN[second % len(GIVEN)] if word >> 48 & 1 else "")
    return SURNAMES[surname % len(SURNAMES)] + given
