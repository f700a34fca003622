"""The words of the pages for citizens: the five levels, what can be tapped for a bad rating, what scripts show."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Gettext: TypeAlias = Callable[[str], str]


def levels(_: Gettext) -> dict[int, str]:
    """The five levels (GB/T 39734), 5 down to 1."""
    return {
        5: _("Very satisfied"),
        4: _("Satisfied"),
        3: _("Fairly satisfied"),
        2: _("Dissatisfied"),
        1: _("Very dissatisfied"),
    }


def tags(_: Gettext) -> dict[str, str]:
    """As they are stored (`ratebodies.TAGS`), and as they are shown."""
    return {
        "态度不好": _("Unfriendly"),
        "等候时间长": _("Long wait"),
        "一次性告知不到位": _("Not told everything at once"),
        "要求重复提交材料": _("Papers asked for again"),
        "要求提供无关材料": _("Papers asked for without need"),
        "推诿扯皮": _("Sent from one to another"),
        "超过承诺时限": _("Later than promised"),
        "多头跑、多次跑": _("Had to come several times"),
        "未办结": _("Not done"),
        "环境设施不便": _("Place or equipment"),
    }


def origins(_: Gettext) -> dict[str, str]:
    return {
        "device": _("Evaluator"), "screen": _("Touch screen"), "web": _("Link"), "paper": _("Paper"),
    }  # fmt: skip


def script_words(_: Gettext) -> dict[str, str]:
    return {
        "rating.no_link": _("This link is not valid, or it has expired. Thank you all the same."),
        "rating.used": _("This service was rated already: once is enough. Thank you!"),
        "away": _("It could not be sent: the network is away. Please try again."),
        "fault": _("It could not be sent. Please try again."),
        "bad_case": _("No case of this number was found. Look at it again; if it is right, send it all the same."),
        "no_token": _("This screen has no token. Open the address that `jiancha rating screen` printed."),
        "let_out": _("This screen is not let in any more. The administrator makes a new token."),
        "cut_off": _("No connection to the server. Ratings may not be sent at the moment."),
        "chosen": _("You chose"),
    }
