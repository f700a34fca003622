"""Who did something, in words: a person by name, the program and this machine's own command line as such."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection

from monitor.console.pages.languages import Language
from monitor.store import users
from monitor.wording.render import pick

Who = Callable[[str | None], str]


def actors(conn: Connection, language: Language) -> Who:
    """How whoever acted is called on a page. There are as many users as people who sign in: all of them are read."""
    named = {row.id: row.name for row in users.all_of_them(conn) if row.name}
    return lambda actor: actor_word(actor, named, language)


def actor_word(actor: str | None, names: Mapping[str, str], language: Language) -> str:
    if not actor:
        return ""
    if actor == "system":
        return pick(("系统", "the system"), language)
    program, _, user = actor.partition(":")
    if program == "cli":
        return f"{pick(('命令行', 'command line'), language)} {user}".strip()
    return names.get(actor, actor)
