"""Who did something, as it is printed: a person by name, the program and a machine's own command line as such."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from monitor.wording.render import pick


def actor_word(actor: str | None, names: Mapping[str, str], language: Literal["zh", "en"]) -> str:
    if not actor:
        return ""
    if actor == "system":
        return pick(("系统", "the system"), language)
    program, _, user = actor.partition(":")
    if program == "cli":
        return f"{pick(('命令行', 'command line'), language)} {user}".strip()
    return names.get(actor, actor)
