"""Signing in by a real OpenID provider in a real Chromium: the button, its form, the way back, the board."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from monitor.agents.demoplan import HALL
from tests.browser.axe import violations
from tests.browser.pages import Browsers
from tests.browser.wholepage import keyboard, ready, wide
from tests.busy_hall import copied
from tests.daemon import Daemon
from tests.openid_providers import CLIENT, SECRET, RealProvider


@pytest.fixture(scope="module")
def both(
    busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]
) -> Iterator[tuple[Daemon, RealProvider]]:
    """A daemon that is started while its provider is away, and the provider, where the duty supervisor is 10086."""
    folder, port = tmp_path_factory.mktemp("openid"), free_port()
    daemon = copied(busy_hall_made, folder)
    (folder / "secret").write_text(SECRET)
    given = {"ISSUER": f"http://localhost:{port}", "CLIENT_ID": CLIENT, "CLIENT_SECRET_FILE": str(folder / "secret")}
    daemon.environment.update({f"JIANCHA_CONSOLE__OIDC__{key}": value for key, value in given.items()})
    daemon.command("user", "link", "duty", "--issuer", given["ISSUER"], "--subject", "10086")
    with daemon:
        provider = RealProvider(port, [f"{daemon.url}/sign-in/oidc/back"])
        yield daemon, provider
        provider.stop()


@pytest.mark.parametrize("login", ["10086", "20000"], ids=["linked", "unlinked"])
def test_the_button_leads_to_the_provider_and_back(
    both: tuple[Daemon, RealProvider], browsers: Browsers, login: str
) -> None:
    daemon, provider = both
    seen = browsers.page(f"{daemon.url}/board/{HALL}?wall=1")
    page = seen.page
    page.get_by_role("link", name="用统一身份认证登录").click()
    page.wait_for_url(f"{provider.issuer}/**")
    page.fill("[name=login]", login)
    page.fill("[name=password]", "any")
    page.keyboard.press("Enter")
    if login == "10086":
        page.locator("body.wall").wait_for()
        assert page.url == f"{daemon.url}/board/{HALL}?wall=1"
    else:
        seen.says("身份未关联账户")
        assert "--subject 20000" in page.inner_text("pre")
        ready(page)
        assert violations(page) + wide(page, (820, 1180)) + keyboard(page) == []
    mine = [c for c in page.context.cookies(daemon.url) if c["name"].startswith("jiancha")]
    assert [c["name"] for c in mine] == (["jiancha"] if login == "10086" else [])
    elsewhere = [f for f in seen.faults if urlsplit(provider.issuer).netloc not in f and "403" not in f]
    assert elsewhere == []
