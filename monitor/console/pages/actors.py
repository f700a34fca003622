"""Who did something, in words: a person by name, the program and this machine's own command line as such."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection

from monitor.console.pages.languages import Language
from monitor.store import users
from monitor.wording.actors import actor_word

Who = Callable[[str | None], str]


def actors(conn: Connection, language: Language) -> Who:
    """How whoever acted is called on a page. There are as many users as people who sign in: all of them are read."""
    named = {row.id: row.name for row in users.all_of_them(conn) if row.name}
    return lambda actor: actor_word(actor, named, language)
