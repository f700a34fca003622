"""What people do on the console, over PostgreSQL: scenes of other modules, played on the busy hall moved there.

There a read is no write, two who write at once meet row by row, and a number that was not drawn from its sequence is
taken twice: what a run on SQLite alone cannot show.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests import plain_http
from tests.busy_app import BusyApp, busy_app
from tests.busy_hall import HALL, USERS
from tests.busy_requests import see, send
from tests.integration import (
    test_audit_pages,
    test_console_posts,
    test_console_registry,
    test_people_pages,
    test_policy_pages,
    test_requests,
    test_requests_cli,
    test_screen,
)
from tests.lent import Lent

SCENES: Final[tuple[Callable[..., None], ...]] = (
    test_requests.test_leave_filed_afterwards_excuses_once_everybody_has_agreed,
    test_requests_cli.test_a_life_over_the_api,
    test_console_posts.test_a_check_is_ordered_recorded_corrected_and_counts,
    test_console_posts.test_checks_are_drawn_at_random_and_the_draw_is_repeated,
    test_console_posts.test_programs_order_once_and_record,
    test_people_pages.test_a_change_is_shown_before_it_is_made_and_is_as_shown,
    test_people_pages.test_two_administrators_who_remove_each_other_at_once_leave_one,
    test_people_pages.test_erasing_shows_first_what_goes_and_then_it_is_gone,
    test_audit_pages.test_a_silence_is_shown_before_it_is_made_and_ended,
    test_screen.test_who_wrote_it_last_does_not_release_it,
    test_console_registry.test_one_row_by_its_form,
    test_policy_pages.test_changed_it_holds_for_every_page_and_api_at_once,
)
"""In this order; each finds what the ones before it left."""


@pytest.fixture(scope="module")
def given(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory, lent: Lent) -> Iterator[Mapping[str, Any]]:
    """What the scenes ask for by name."""
    with ExitStack() as parts:
        url = parts.enter_context(lent.database())
        app = parts.enter_context(busy_app(busy_hall_made, tmp_path_factory.mktemp("postgres"), url))
        api = {user: parts.enter_context(_client(app, user)) for user in USERS}
        yield {"app": app, "admin": parts.enter_context(app.as_user("admin")), "api": api}


def _client(app: BusyApp, user: str) -> httpx.Client:
    return plain_http.client(base_url=f"{app.url}/api/v1", timeout=60, headers=app.token(user=user))


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__.removeprefix("test_"))
def test_a_scene(given: Mapping[str, Any], scene: Callable[..., None]) -> None:
    scene(**{name: given[name] for name in inspect.signature(scene).parameters})


@pytest.mark.long
def test_a_month_is_closed_and_its_sheet_is_kept(given: Mapping[str, Any]) -> None:
    """Last, for the clock goes on to April."""
    app: BusyApp = given["app"]
    app.clock.set(datetime(2026, 4, 2, 1, tzinfo=UTC))
    path = f"/closing/of/{HALL}/2026-03"
    seen = re.findall(r'name="seen" value="(\w+)"', see(app, "head", path).text)[0]
    assert send(app, "head", path, reason="", accept="yes", seen=seen).status_code == 422
    done = send(app, "head", path, reason="三月核对", accept="yes", seen=seen)
    assert done.headers["location"] == f"{path}?done=1"
    assert "所存与签核时一致" in see(app, "head", path).text
    for suffix in ("json", "csv", "xlsx", "pdf"):
        assert see(app, "head", f"{path}/1/sheet.{suffix}").status_code == 200
    assert send(app, "head", path, reason="再次", accept="yes", seen=seen).status_code == 422, "nothing has changed"
