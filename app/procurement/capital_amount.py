"""Amounts in words 大写金额: the forms of 银发〔1997〕393号 (支付结算办法 附一: 正确填写票据和结算凭证的基本规定)."""

import re
from decimal import Decimal

from app.errors import InputError

DIGITS = "零壹贰叁肆伍陆柒捌玖"
SMALL_UNITS = ("", "拾", "佰", "仟")
GROUP_UNITS = ("", "万", "亿", "万亿")
LIMIT = Decimal(10) ** 16

# 银发〔1997〕393号 lists these other writings as accepted too; the traditional forms are accepted by it as well.
_ACCEPTED = str.maketrans({
    "一": "壹", "二": "贰", "两": "贰", "三": "叁", "四": "肆", "五": "伍", "六": "陆", "七": "柒", "八": "捌",
    "九": "玖", "〇": "零", "○": "零", "十": "拾", "百": "佰", "千": "仟", "貳": "贰", "弐": "贰", "參": "叁",
    "陸": "陆", "萬": "万", "億": "亿", "圓": "元", "圆": "元", "正": "整",
})  # fmt: skip

_FORM = re.compile(
    r"^(?:(?P<yuan>.+)元零?)?(?:(?P<jiao>[壹贰叁肆伍陆柒捌玖])角)?(?P<zero>零)?(?:(?P<fen>[壹贰叁肆伍陆柒捌玖])分)?整?$"
)


def to_words(amount: Decimal) -> str:
    """Write an amount in yuan (0 ≤ amount < 10^16, whole fen) in words, e.g. ``壹佰零柒元伍角整``.

    Raises:
        InputError: ``amount.not_writable``.
    """
    if not amount.is_finite() or not 0 <= amount < LIMIT or amount != amount.quantize(Decimal("0.01")):
        raise InputError("amount.not_writable", amount=str(amount)[:40])
    fen_total = int(amount * 100)
    yuan, fraction = divmod(fen_total, 100)
    jiao, fen = divmod(fraction, 10)
    if not fen_total:
        return "零元整"
    words = f"{_whole(yuan)}元" if yuan else ""
    if jiao:
        words += f"{DIGITS[jiao]}角"
    elif fen and yuan:
        words += "零"
    return words + (f"{DIGITS[fen]}分" if fen else "整")


def from_words(text: str) -> Decimal:
    """Read an amount in words in any form the rule accepts (元/圆, 整/正 or neither, 人民币 before it).

    Raises:
        InputError: ``amount.words_unreadable``: the words are none or name no single amount.
    """
    plain = re.sub(r"[\s,，]", "", text)
    plain = re.sub(r"^(人民币|RMB|¥|￥)[:：]?", "", plain).translate(_ACCEPTED)
    found = _FORM.fullmatch(plain) if 0 < len(plain) <= 60 else None
    if found is None or not (found["yuan"] or found["jiao"] or found["fen"]):
        raise InputError("amount.words_unreadable", words=text[:60])
    yuan = _read_whole(found["yuan"], text) if found["yuan"] else 0
    jiao, fen = (DIGITS.index(found[part]) if found[part] else 0 for part in ("jiao", "fen"))
    amount = Decimal(yuan) + Decimal(jiao) / 10 + Decimal(fen) / 100
    # The words must say what a writer would say, but for zeros and 整, which the rule lets writers leave out.
    if _bare(to_words(amount)) != _bare(plain):
        raise InputError("amount.words_unreadable", words=text[:60])
    return amount


def _whole(number: int) -> str:
    if not number:
        return "零"
    groups = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    words = ""
    gap = False
    for place in range(len(groups) - 1, -1, -1):
        group = groups[place]
        if not group:
            gap = bool(words)
            if place == 2 and words:
                words += "亿"  # 壹万亿零… keeps its 亿 although the group is empty
            continue
        if words and (gap or group < 1000):
            words += "零"
        gap = False
        words += _group(group) + ("万" if place in (1, 3) else "亿" if place == 2 else "")
    return words


def _group(number: int) -> str:
    words = ""
    zero = False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit:
            words += ("零" if zero and words else "") + DIGITS[digit] + SMALL_UNITS[place]
            zero = False
        else:
            zero = True
    return words


def _read_whole(words: str, text: str) -> int:
    total = section = digit = 0
    for char in words:
        if char in DIGITS:
            if digit:
                raise InputError("amount.words_unreadable", words=text[:60])
            digit = DIGITS.index(char)
        elif char in "拾佰仟":
            # 拾 alone at the head is written in practice for 壹拾
            section += (digit or 1) * 10 ** ("拾佰仟".index(char) + 1)
            digit = 0
        elif char == "万":
            section = (section + digit) * 10_000
            total, section, digit = total + section, 0, 0
        elif char == "亿":
            total, section, digit = (total + section + digit) * 100_000_000, 0, 0
        else:
            raise InputError("amount.words_unreadable", words=text[:60])
    return total + section + digit


def _bare(words: str) -> str:
    bare = words.replace("零", "").replace("整", "")
    return f"壹{bare}" if bare.startswith("拾") else bare
