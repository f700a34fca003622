"""The texts that the public screen's scripts show; `{n}` and the like are filled in there."""

from __future__ import annotations

from collections.abc import Callable


def screen_words(_: Callable[[str], str]) -> dict[str, str]:
    return {
        "promises": _("Promises kept this month"),
        "promises.kept": _("done within the promised time"),
        "promises.completed": _("cases done"),
        "promises.days": _("days from receipt to completion, on average"),
        "promises.few": _("Too few cases yet for a share"),
        "praise": _("Praise"),
        "leave": _("Away today"),
        "leave.away": _("away"),
        "leave.window": _("Window"),
        "leave.person": _("Person"),
        "leave.cover": _("Stands in"),
        "leave.covered": _("covered"),
        "leave.uncovered": _("not covered"),
        "circulars": _("Circulars"),
        "circulars.reference": _("No. {reference}"),
        "notices": _("Notices"),
        "as_of": _("Figures as of {time}"),
        "cut_off": _("No connection. Shown is what was known at {time}."),
        "stale": _("No connection since {time}. What was shown is too old."),
        "no_token": _("This screen has no token. Open the address that `jiancha screen token` printed."),
        "let_out": _("This screen is not let in any more. The administrator makes a new token."),
        "loading": _("Loading …"),
        "nothing": _("Welcome"),
        "pause": _("Pause"),
        "go_on": _("Go on showing"),
        "page": _("{n} of {all}"),
    }
