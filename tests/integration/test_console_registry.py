"""The registry over HTTP, on the busy hall: tables, forms, import with its preview, confirmation, the API beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from monitor.console.carried import packed
from monitor.store.registry import KINDS, registry_rows
from monitor.store.schema import Audit
from monitor.store.sql import table_of
from tests.busy_app import BusyApp, busy_app
from tests.busy_hall import HALL


@pytest.fixture(scope="module")
def app(busy_hall_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusyApp]:
    with busy_app(busy_hall_made, tmp_path_factory.mktemp("registry")) as made:
        yield made


@pytest.fixture(scope="module")
def admin(app: BusyApp) -> Iterator[httpx.Client]:
    with app.as_user("admin") as client:
        yield client


def send(client: httpx.Client, name: str, text: str | bytes) -> httpx.Response:
    data = text.encode() if isinstance(text, str) else text
    return client.post(
        "/registry/import", data={"csrf": client.headers["X-CSRF"]}, files={"file": (name, data)}
    )


def carried(answer: httpx.Response) -> dict[str, str]:
    """What the preview's form would send."""
    found = dict(re.findall(r'name="(name|digest|content)" value="([^"]*)"', answer.text))
    assert set(found) == {"name", "digest", "content"}, answer.text
    return found


def confirm(client: httpx.Client, fields: dict[str, str]) -> httpx.Response:
    return client.post("/registry/confirm", data={"csrf": client.headers["X-CSRF"], **fields})


def rows(app: BusyApp) -> dict[str, Any]:
    with app.deps.store.read() as conn:
        return registry_rows(conn)


def test_smoke(app: BusyApp, admin: httpx.Client) -> None:
    for table in KINDS:
        answer = admin.get(f"/registry?table={table}")
        assert answer.status_code == 200, answer.text
        key = re.search(r'/registry/row\?([^"]+)', answer.text)
        if key:
            one = admin.get(f"/registry/row?{key[1].replace('&amp;', '&')}")
            assert one.status_code == 200, one.text
    answer = send(admin, "windows.csv", "id,unit,name,min_staff\ndemo-w01,demo-u1,新名,2\ndemo-w99,demo-u1,九十九,1\n")
    assert answer.status_code == 200, answer.text
    print(re.sub(r"<[^>]+>|\s+", " ", answer.text)[-4000:])
    done = confirm(admin, carried(answer))
    assert done.status_code == 303, done.text
    answer = send(admin, "windows.csv", "id,unit,name,min_staff\ndemo-w01,demo-u7,新名,x\n")
    assert answer.status_code == 422
    print(re.sub(r"<[^>]+>|\s+", " ", answer.text)[-1500:])
