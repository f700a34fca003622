"""Somebody's page, signed in by a session of their own. The form and its password are looked at in test_board; each
time more costs a page and a tenth of a second for the digest.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from monitor.store.engine import Store
from tests.browser.pages import Browsers, Watched
from tests.daemon import Daemon
from tests.signing_in import session

DESK: Final = (1366, 768)


def sign_in(browsers: Browsers, daemon: Daemon, user: str, path: str = "/", size: tuple[int, int] = DESK) -> Watched:
    """The daemon's page at the path, loaded."""
    return browsers.page(f"{daemon.url}{path}", size=size, cookies={"jiancha": secret_of(daemon, user)})


def secret_of(daemon: Daemon, user: str) -> str:
    """What the user's cookie holds, of a new session."""
    store = Store(f"sqlite:///{daemon.folder / 'jiancha.sqlite'}")
    try:
        return session(store, user, lambda: datetime.now(UTC)).secret
    finally:
        store.close()
