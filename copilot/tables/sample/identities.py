"""Invented names by birth decade, and phone and identity numbers that cannot exist."""

from __future__ import annotations

from datetime import date
from random import Random

# Common surnames, roughly by frequency: earlier groups are drawn more often.
_SURNAMES = (
    ("王李张刘陈", 6),
    ("杨黄赵吴周徐孙", 4),
    ("马朱胡郭何高林罗郑梁谢宋唐许韩", 2),
    ("冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕丁沈姚卢姜崔钟谭陆汪范", 1),
)
_COMPOUND = ("欧阳", "上官")

_GIVEN: dict[str, tuple[tuple[int, str], ...]] = {
    "M": (
        (1950, "德福 永祥 长根 金生 福全 树林 玉山 宝田 志和 兴旺 文彬 耀祖"),
        (1960, "建国 卫东 国庆 建设 爱民 援朝 立功 国栋 光明 庆生 保国 跃进"),
        (1970, "建军 建平 卫国 红兵 学文 永红 向阳 立新 新民 国平 志刚 建华"),
        (1980, "海波 志勇 建伟 永刚 文山 少华 宏伟 立成 春生 旭升 学锋 振业"),
        (1990, "文涛 海峰 嘉伟 鹏程 立群 凯旋 晨光 志鹏 思源 伟业 成栋 云飞"),
        (2000, "浩然 宇航 天宇 泽宇 文博 子豪 嘉乐 昊天 俊豪 明哲 家齐 博文"),
        (2030, "梓轩 奕辰 皓轩 宇轩 沐阳 子墨 景行 知远 嘉树 一帆 煜城 书恒"),
    ),
    "F": (
        (1950, "秀英 桂兰 玉珍 淑华 凤英 素珍 桂芳 月娥 秀兰 玉梅 惠珍 兰香"),
        (1960, "爱华 玉兰 桂英 丽珍 淑珍 美云 翠兰 巧云 彩霞 月琴 春兰 爱珍"),
        (1970, "红梅 秀红 建英 晓红 丽娟 玉红 春梅 雪梅 桂花 冬梅 爱琴 卫红"),
        (1980, "海英 丽芬 春燕 小红 晓燕 红霞 艳红 丽芳 玉洁 秋菊 晓梅 慧芬"),
        (1990, "婷婷 文静 佳慧 晓雯 雅琴 丹妮 思敏 静怡 美琳 晓琳 雪莹 玉婷"),
        (2000, "雨欣 思雨 佳怡 梦琪 欣怡 雨婷 可欣 诗涵 嘉欣 慧妍 语晨 雪晴"),
        (2030, "梓萱 一诺 依诺 沐晴 语桐 若曦 思齐 安然 芷若 书瑶 可昕 念初"),
    ),
}
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def person_name(rng: Random, gender: str, birth_year: int) -> str:
    """An invented name of the fashion of its birth decade."""
    if rng.random() < 0.004:
        surname = rng.choice(_COMPOUND)
    else:
        groups = [group for group, weight in _SURNAMES for _ in range(weight)]
        surname = rng.choice(rng.choice(groups))
    given = next(names for until, names in _GIVEN[gender] if birth_year < until)
    return surname + rng.choice(given.split())


def phone_number(rng: Random) -> str:
    """Eleven digits that no operator assigns: mobile numbers never begin with 10."""
    return f"100{rng.randrange(10**8):08d}"


def check_digit(body: str) -> str:
    """The check digit that GB 11643 wants for the first 17 digits.

    >>> check_digit("11010519491231002")
    'X'
    """
    total = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True))
    return "10X98765432"[total % 11]


def identity_number(rng: Random, birth: date, gender: str) -> str:
    """Eighteen characters of the usual look: region code 00 does not exist, the check fails."""
    order = rng.randrange(1, 499) * 2 + (gender == "M")
    body = f"00{rng.randrange(10**4):04d}{birth:%Y%m%d}{order:03d}"
    right = "0123456789X".index(check_digit(body))
    return body + "0123456789X"[(right + 1 + rng.randrange(9)) % 11]
