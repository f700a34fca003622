"""Faces in a real Chromium: consent, the browser's camera (a film of a moving head), comparing, erasing; and check-ins
in doubt that are decided by the keyboard, judged anew.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from monitor.store.engine import Store
from monitor.store.facekeys import BLANK
from monitor.store.faces import CONSENT, FACE
from monitor.store.frames import FRAME
from monitor.store.schema import FaceFrameRow, User
from monitor.supervision.signin import SignIn
from tests.browser.pages import Browsers, Watched
from tests.daemon import Daemon
from tests.halls import hall, toml
from tests.http_app import insert, make_deps, served
from tests.integration.test_doubts import came, verdict
from tests.moving_heads import acting, portrait, write_y4m
from tests.signing_in import session
from tests.world import World

CONFIG = """
[mqtt]
enabled = false
[policy.face]
enrol_min = 2
"""
FPS = 10


@dataclass
class Place:
    """A daemon that can enrol; `film`: s01 turning; `stranger`: a photograph of somebody else."""

    daemon: Daemon
    film: Path
    mine: Path
    stranger: Path

    @property
    def store(self) -> Store:
        return Store(f"sqlite:///{self.daemon.folder / 'jiancha.sqlite'}")

    def enter(self, browsers: Browsers, path: str) -> Watched:
        """A page, signed in as the personnel office, before a camera that sees the film."""
        seen = browsers.page(f"{self.daemon.url}/sign-in", film=self.film, size=(1366, 900))
        store = self.store
        secret = session(store, "personnel", lambda: datetime.now(UTC)).secret
        store.close()
        seen.page.context.add_cookies([{"name": "jiancha", "value": secret, "url": self.daemon.url}])
        seen.page.goto(self.daemon.url + path)
        return seen


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("faces")
    photos = sorted((data_dir / "faces" / "fr_obama").iterdir())
    made = Daemon(folder, {"JIANCHA_FACES__KEYS": str(folder / "keys")}, CONFIG)
    (folder / "registry.toml").write_text(toml(hall(2)), encoding="utf-8")
    made.command("registry", "import", str(folder / "registry.toml"))
    made.command("user", "add", "personnel", "--role", "personnel", "--halls", "h1", "--name", "人事甲")
    known = portrait(photos[0])
    assert known is not None
    film = write_y4m(folder / "turning.y4m", acting(known, ["turn_left"], fps=FPS), fps=FPS)
    with made:
        yield Place(made, film, photos[1], sorted((data_dir / "faces" / "fr_biden").iterdir())[0])


def shoot(page: Any, form: str, wanted: int) -> None:
    """Take stills until so many were good."""
    box = page.locator(f"{form} [data-camera]")
    box.get_by_role("button", name="打开摄像头").click()
    for _ in range(25):
        if int(box.get_attribute("data-taken") or 0) >= wanted:
            return
        page.wait_for_timeout(250)  # the head moves on
        box.get_by_role("button", name="拍一张").click()
        page.locator(f"{form} [data-camera]:not([data-state=looking])").wait_for(timeout=40_000)
    raise AssertionError(box.locator(".told").inner_text())


def test_from_consent_to_enrolled_compared_and_erased(place: Place, browsers: Browsers) -> None:
    seen = place.enter(browsers, "/faces/s01")
    page = seen.page
    seen.allowed = (*seen.allowed, "409", "422")
    assert page.locator("[data-camera]").count() == 0, "without consent there is no camera"
    seen.says("不同意也可以")
    page.fill("[name=purpose]", "考勤签到")
    page.fill("[name=paper]", "2026-017 号，档案柜 3")
    page.check("[name=given_notice]")
    page.get_by_role("button", name="登记同意").click()
    seen.says("同意已登记")
    shoot(page, "#enrol-form", 2)
    page.locator("#enrol-form").get_by_role("button", name="登记", exact=True).click()
    seen.says("已登记。照片未保存")
    assert held(place) == (1, 1, 0)
    shoot(page, "#compare-form", 1)
    page.locator("#compare-form").get_by_role("button", name="比对").click()
    page.locator("[data-band=accept]").wait_for()
    page.set_input_files("#compare-form [name=photos]", place.stranger)
    page.locator("#compare-form").get_by_role("button", name="比对").click()
    page.locator("[data-band=unknown]").wait_for()
    page.set_input_files("#enrol-form [name=photos]", [place.mine, place.stranger])
    page.locator("#enrol-form").get_by_role("button", name="登记", exact=True).click()
    seen.says("不像同一人")
    page.set_input_files("#compare-form [name=photos]", {"name": "a.png", "mimeType": "image/png", "buffer": bomb()})
    page.locator("#compare-form").get_by_role("button", name="比对").click()
    page.locator(".fault").wait_for()
    assert "图片" in page.inner_text(".fault")
    keep_a_frame(place)
    page.fill("#erase-form [name=reason]", "本人撤回同意")
    page.get_by_role("button", name="查看将删除的内容").click()
    seen.says("首先销毁")
    assert held(place) == (1, 1, 1), "nothing goes before it is confirmed"
    page.get_by_role("button", name="确认删除").click()
    seen.says("密钥已销毁")
    assert held(place) == (0, 0, 0)
    assert BLANK in (place.daemon.folder / "keys").read_bytes()
    assert page.locator("[data-camera]").count() == 0
    assert not seen.faults


def held(place: Place) -> tuple[int, int, int]:
    """(faces, standing consents, frames)"""
    store = place.store
    counts = []
    with store.read() as conn:
        for table, condition in ((FACE, True), (CONSENT, CONSENT.c.withdrawn_at.is_(None)), (FRAME, True)):
            query = select(func.count()).select_from(table)
            counts.append(int(conn.execute(query if condition is True else query.where(condition)).scalar_one()))
    store.close()
    return counts[0], counts[1], counts[2]


def keep_a_frame(place: Place) -> None:
    store = place.store
    with store.write() as conn:
        key = conn.execute(select(FACE.c.key)).scalar_one()
        row = {"staff": "s01", "key": key, "device": "t1", "event_id": "e1", "taken_at": datetime.now(UTC)}
        insert(conn, FaceFrameRow, {**row, "sealed": b"x"})
    store.close()


def bomb() -> bytes:
    """A PNG of a few bytes that claims 60,000 by 60,000 pixels."""

    def part(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")

    size = (60_000).to_bytes(4, "big") * 2
    body = part(b"IHDR", size + bytes([8, 2, 0, 0, 0])) + part(b"IDAT", zlib.compress(bytes(1000))) + part(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


# --------------------------------------------------------------------------- check-ins in doubt


@contextmanager
def judged(folder: Path) -> Iterator[tuple[World, Any, int, int]]:
    """A hall of whose morning two check-ins are in doubt, judged at one o'clock, and its console."""
    store = Store(f"sqlite:///{folder / 'doubts.sqlite'}")
    from monitor.store import migrate

    migrate.upgrade(store)
    world = World(store, folder, hall(3), start="07:45")
    first, second = came(world, "08:20"), came(world, "08:22", staff="s02")
    world.beats("t1", "07:50", "13:00", timedelta(minutes=10))
    world.judge("13:00")
    with store.write() as conn:
        insert(conn, User, {"id": "duty", "role": "duty_supervisor", "halls": ["h1"], "created": world.clock.now()})
        lead = {"id": "lead", "role": "window_lead", "windows": ["w1"], "created": world.clock.now()}
        insert(conn, User, lead)
    from monitor.settings import ConsoleSettings

    deps = make_deps(
        store, clock=world.clock, registry=world.program.registry, calendars=world.program.calendars,
        look=world.judging.look, policies=world.program.policies,
        sign_in=SignIn(store, world.clock.real_now, ConsoleSettings()),
    )  # fmt: skip
    with served(deps) as app:
        yield world, app, first, second
    store.close()


def test_a_decision_by_the_keyboard_changes_the_verdict_and_the_next_one_comes(
    tmp_path: Path, browsers: Browsers
) -> None:
    with judged(tmp_path) as (world, app, first, second):
        assert [verdict(world, f"{s}/2026-03-02/am_in") for s in ("s01", "s02")] == ["review", "review"]
        seen = browsers.page(f"{app.url}/sign-in")
        page = seen.page
        secret = session(world.store, "duty", world.clock.real_now).secret
        page.context.add_cookies([{"name": "jiancha", "value": secret, "url": app.url}])
        page.goto(f"{app.url}/faces/doubts")
        seen.says("待复核 2 条")
        page.keyboard.press("j")
        page.keyboard.press("o")
        page.locator("#decision").wait_for()
        seen.there()
        assert f"#{first}" in page.inner_text("h1")
        assert "红牌" in page.inner_text("[aria-labelledby=would]"), "what would follow is said beforehand"
        page.keyboard.press("2")
        page.keyboard.type("图像不是本人")
        page.keyboard.press("Control+Enter")
        seen.says("不是本人。相关考勤正在重新判定")
        assert f"#{second}" in page.inner_text("h1"), "the next one of the queue"
        page.keyboard.press("1")
        page.keyboard.type("本人到场")
        page.keyboard.press("Control+Enter")
        seen.says("没有待复核的签到")
        world.judge("13:00:01")
        assert [verdict(world, f"{s}/2026-03-02/am_in") for s in ("s01", "s02")] == ["red", "ok"]
        secret = session(world.store, "lead", world.clock.real_now).secret
        page.context.add_cookies([{"name": "jiancha", "value": secret, "url": app.url}])
        for path in ("/faces", "/faces/s01", "/faces/doubts", f"/faces/doubts/{first}", "/kiosks"):
            assert page.request.get(f"{app.url}{path}", headers={"Accept": "text/html"}).status == 403
        page.goto(f"{app.url}/board")
        assert "人脸" not in page.inner_text("header")
        assert not seen.faults
