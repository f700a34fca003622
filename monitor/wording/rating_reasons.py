"""What the pages for citizens (评价) say where a rating is not taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.words import Texts

RATINGS: Final[Mapping[str, Texts]] = {
    "rating.no_link": (
        "此评价链接无效或已过期，谢谢您的关注。",
        "This link is not valid, or it has expired. Thank you all the same.",
    ),
    "rating.used": (
        "此次服务已评价，无需重复评价，谢谢！",
        "This service was rated already: once is enough. Thank you!",
    ),
    "rating.screen": (
        "此令牌所属设备不是在用的评价器，请管理员核对台账。",
        "The token's device is no evaluator in service: ask the administrator to look at the registry.",
    ),
    "rating.case_unknown": (
        "没有找到此办件编号，请核对；确认无误也可照样提交。",
        "No case of this number was found: look at it again. If it is right, it can be sent all the same.",
    ),
    "rating.body": ("请求内容不对：{detail}", "The request is not what is wanted here: {detail}"),
    "rating.refused": ("评价未被接收：{detail}", "The rating was not taken: {detail}"),
}
