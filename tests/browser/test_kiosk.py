"""The kiosk's page in a real Chromium, before a real daemon with the real encoder, its camera fed from a film."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, select

from monitor.store.facts.slots import CHECKIN
from tests import plain_http
from tests.browser.pages import Browsers, Watched
from tests.daemon import Daemon
from tests.halls import toml
from tests.kiosks import API, PIN, rows_with
from tests.moving_heads import acting, portrait, resting, write_y4m

CONFIG = """
[mqtt]
enabled = false
[kiosk]
enabled = true
[faces]
keys = "face-keys"
[policy.face]
enrol_min = 1
challenge = ["turn_left"]
step_seconds = 5
"""
FPS = 10


@dataclass
class Hall:
    """A daemon with one kiosk: s01 has a face, s02 a PIN. Films: s01 who turns, s01's photograph held, a stranger."""

    daemon: Daemon
    token: str
    films: dict[str, Path]
    seen: int = 0

    @property
    def address(self) -> str:
        return f"{self.daemon.url}/kiosk#token={self.token}"

    def new(self) -> list[Any]:
        """Check-ins stored since the last call."""
        engine = create_engine(f"sqlite:///{self.daemon.folder / 'jiancha.sqlite'}")
        with engine.connect() as conn:
            rows = list(conn.execute(select(CHECKIN).where(CHECKIN.c.id > self.seen).order_by(CHECKIN.c.id)))
        engine.dispose()
        self.seen = max([self.seen, *(row.id for row in rows)])
        return rows


def free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory, data_dir: Path) -> Iterator[Hall]:
    folder = tmp_path_factory.mktemp("kiosk")
    photos = sorted((data_dir / "faces" / "fr_obama").iterdir())[:3]
    # A port that stays the same: the browser's page is of an origin, and the daemon comes and goes.
    made = Daemon(folder, {"JIANCHA_HTTP__PORT": str(free()), "JIANCHA_FACES__KEYS": str(folder / "keys")}, CONFIG)
    (folder / "registry.toml").write_text(toml(rows_with("k1")), encoding="utf-8")
    made.command("registry", "import", str(folder / "registry.toml"))
    consent = ("--consent-at", "2026-01-05T09:00:00+08:00", "--purpose", "考勤")
    made.command("face", "enroll", "--staff", "s01", *consent, *map(str, photos))
    give_pin(made, "s02")
    token = made.command("kiosk", "token", "--device", "k1", "--host", "localhost").strip().partition("token=")[2]
    known, stranger = portrait(photos[0]), portrait(sorted((data_dir / "faces" / "fr_biden").iterdir())[0])
    assert known is not None
    assert stranger is not None
    films = {
        "turning": write_y4m(folder / "turning.y4m", acting(known, ["turn_left"], fps=FPS), fps=FPS),
        "held": write_y4m(folder / "held.y4m", resting(known, 1, fps=FPS), fps=FPS),
        "stranger": write_y4m(folder / "stranger.y4m", resting(stranger, 1, fps=FPS), fps=FPS),
    }
    with made:
        await_encoder(made, token)
        yield Hall(made, token, films)


def give_pin(daemon: Daemon, staff: str) -> None:
    import subprocess

    done = subprocess.run(
        daemon._line("pin", "set", "--staff", staff, "--stdin"), env=daemon.environment, input=f"{PIN}\n",
        text=True, capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def await_encoder(daemon: Daemon, token: str) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        config = plain_http.get(f"{daemon.url}{API}/config", headers={"Authorization": f"Bearer {token}"})
        if config.json().get("faces"):
            return
        time.sleep(0.1)  # the encoder is loading its models: it needs the processor more than this question
    raise AssertionError(f"no encoder: {daemon.log()}")


def by_face(kiosk: Watched, number: str = "s01") -> None:
    kiosk.until("start")
    kiosk.page.fill("#number", number)
    kiosk.page.get_by_role("button", name="刷脸签到").click()


def by_pin(kiosk: Watched, number: str, pin: str) -> None:
    kiosk.until("start")
    kiosk.page.fill("#number", number)
    kiosk.page.get_by_role("button", name="用密码签到").first.click()
    kiosk.until("pin")
    kiosk.page.fill("#secret", pin)
    kiosk.page.keyboard.press("Enter")


def test_a_head_that_turns_checks_in_with_its_name(hall: Hall, browsers: Browsers) -> None:
    kiosk = browsers.page(hall.address, film=hall.films["turning"])
    kiosk.says("政务中心")
    assert "token" not in kiosk.page.url, "the token is out of the address"
    began = datetime.now().astimezone()
    by_face(kiosk)
    kiosk.until("challenge")
    kiosk.says("向您的左边转头")
    kiosk.until("confirm")
    kiosk.says("员工1")
    kiosk.until("done")
    kiosk.says("签到成功")
    (row,) = hall.new()
    assert (row.staff, row.method, row.liveness, row.direction) == ("s01", "face", 1.0, None)
    assert row.distance <= 0.45
    assert abs(row.at - began) < timedelta(seconds=20)
    kiosk.until("start")
    assert kiosk.page.input_value("#number") == ""


def test_a_photograph_that_is_held_is_recorded_for_review_and_accuses_nobody(hall: Hall, browsers: Browsers) -> None:
    kiosk = browsers.page(hall.address, film=hall.films["held"])
    by_face(kiosk)
    kiosk.until("challenge")
    kiosk.until("doubted")
    kiosk.page.get_by_role("button", name="记为待复核").click()
    kiosk.until("review")
    kiosk.says("待人工复核")
    (row,) = hall.new()
    assert (row.staff, row.method, row.liveness) == ("s01", "face", 0.0)


def test_a_stranger_is_never_named_and_finds_the_other_way(hall: Hall, browsers: Browsers) -> None:
    kiosk = browsers.page(hall.address, film=hall.films["stranger"])
    by_face(kiosk)
    kiosk.until("unknown")
    assert "员工" not in kiosk.page.inner_text("main")
    kiosk.page.get_by_role("button", name="用密码签到").click()
    kiosk.until("pin")
    assert hall.new() == []


def test_a_pin_checks_in_by_the_keyboard_alone_and_a_wrong_one_says_what_is_left(
    hall: Hall, browsers: Browsers
) -> None:
    kiosk = browsers.page(hall.address)
    by_pin(kiosk, "s02", "111222")
    kiosk.says("还可再试 4 次")
    kiosk.page.keyboard.type(PIN)
    kiosk.page.keyboard.press("Enter")
    kiosk.until("done")
    kiosk.says("员工2")
    (row,) = hall.new()
    assert (row.staff, row.method, row.distance) == ("s02", "pin", None)


def test_fingers_find_every_key_and_letters(hall: Hall, browsers: Browsers) -> None:
    kiosk = browsers.page(hall.address, size=(800, 1280))
    kiosk.until("start")
    pad = kiosk.page.locator('.pad[data-for="number"]')
    pad.get_by_role("button", name="abc").click()
    pad.get_by_role("button", name="s", exact=True).click()
    pad.get_by_role("button", name="123").click()
    for digit in "012":
        pad.get_by_role("button", name=digit, exact=True).click()
    pad.get_by_role("button", name="删除").click()
    assert kiosk.page.input_value("#number") == "s01"
    boxes = [box for key in pad.get_by_role("button").all() if (box := key.bounding_box())]
    assert min(min(box["width"], box["height"]) for box in boxes) >= 48, "as wide as a finger"


def test_without_a_camera_the_page_says_so_and_goes_on(hall: Hall, browsers: Browsers) -> None:
    kiosk = browsers.page(hall.address)
    by_face(kiosk)
    kiosk.says("没有找到摄像头")
    kiosk.until("pin")


def test_in_english_by_choice(hall: Hall, browsers: Browsers) -> None:
    kiosk = browsers.page(hall.address.replace("/kiosk#", "/kiosk?lang=en#"))
    kiosk.says("Enter your staff number")
    kiosk.page.reload()
    kiosk.says("Check in by PIN")


def test_without_a_token_nobody_is_asked_for_anything(hall: Hall, browsers: Browsers) -> None:
    kiosk = browsers.page(f"{hall.daemon.url}/kiosk")
    kiosk.says("本机没有令牌")
    assert not kiosk.page.locator("#number").is_visible()


def test_what_was_done_without_the_network_arrives_with_its_own_time(hall: Hall, browsers: Browsers) -> None:
    """The daemon goes away; a PIN, a face and a wrong PIN are kept, over a reload; then it comes back."""
    kiosk = browsers.page(hall.address, film=hall.films["turning"])
    kiosk.until("start")
    kiosk.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    hall.daemon.stop()
    by_pin(kiosk, "s02", PIN)
    kiosk.until("kept")
    kiosk.says("网络中断，已保存 1 条")
    told = datetime.now().astimezone()
    kiosk.page.reload()
    by_pin(kiosk, "s02", "999333")
    kiosk.until("kept")
    by_face(kiosk)
    kiosk.until("away")
    kiosk.until("kept", timeout=30)
    kiosk.says("已保存 3 条")
    back = hall.daemon.start()
    await_encoder(back, hall.token)
    kiosk.page.locator("#banner").wait_for(state="hidden", timeout=40_000)
    right, wrong, face = hall.new()
    assert (right.staff, right.method, right.liveness) == ("s02", "pin", None)
    assert abs(right.at - told) < timedelta(seconds=10)
    assert right.received > told
    assert (wrong.method, wrong.liveness) == ("pin", 0.0), "its owner was told that it is kept: for review"
    assert (face.staff, face.method) == ("s01", "face")
    assert right.at < wrong.at < face.at
    assert hall.new() == []


def test_no_page_asked_elsewhere_broke_the_policy_or_failed(browsers: Browsers) -> None:
    assert browsers.faults() == []
