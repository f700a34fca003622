"""The kiosk's page before a server whose answers are written down: states that the real one seldom brings about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.fakekiosk import LOOK, TOKEN, FakeKiosk
from tests.browser.pages import Browsers, Watched
from tests.conftest import Eventually

UNOPENABLE = """async () => {
  const db = await new Promise((done) => {
    const asked = indexedDB.open('jiancha-kiosk');
    asked.onsuccess = () => done(asked.result);
  });
  await new Promise((done) => {
    const written = db.transaction('waiting', 'readwrite');
    written.objectStore('waiting').add({ iv: new Uint8Array(12), sealed: new ArrayBuffer(40) });
    written.oncomplete = done;
  });
}"""


@pytest.fixture
def fake() -> Iterator[FakeKiosk]:
    made = FakeKiosk().start()
    yield made
    made.stop()


def opened(fake: FakeKiosk, browsers: Browsers) -> Watched:
    kiosk = browsers.page(f"{fake.url}/kiosk#token={TOKEN}")
    kiosk.page.wait_for_selector("#start:not([hidden])")
    return kiosk


def away(kiosk: Watched, gone: bool) -> None:
    kiosk.page.context.set_offline(gone)


def enter(kiosk: Watched, text: str) -> None:
    kiosk.page.keyboard.type(text)
    kiosk.page.keyboard.press("Enter")


def by_pin(kiosk: Watched, staff: str) -> None:
    kiosk.until("start")
    kiosk.page.keyboard.type(staff)
    kiosk.page.click("#by-pin")
    kiosk.until("pin")
    enter(kiosk, "274951")


def found_away(kiosk: Watched) -> None:
    """Away, and the page knows it."""
    away(kiosk, True)
    by_pin(kiosk, "s-001")
    kiosk.until("kept")
    kiosk.page.click("#result")
    kiosk.until("start")


def test_a_hall_without_faces_takes_no_pictures_while_the_network_is_away(fake: FakeKiosk, browsers: Browsers) -> None:
    fake.config["faces"] = False
    kiosk = opened(fake, browsers)
    found_away(kiosk)
    assert not kiosk.page.is_visible("#by-face")
    enter(kiosk, "s-002")
    kiosk.until("pin")
    assert not kiosk.page.is_visible("#video")


def test_a_kept_face_that_waits_for_the_encoder_holds_up_nothing_else(
    fake: FakeKiosk, browsers: Browsers, eventually: Eventually
) -> None:
    """503 kiosk.busy is the server's answer: it is there, PINs and heartbeats go on."""
    fake.config["faces"] = False
    fake.says["pin"].extend([(503, {"detail": "请稍候……", "code": "kiosk.busy"})] * 2)
    kiosk = opened(fake, browsers)
    found_away(kiosk)
    by_pin(kiosk, "s-002")
    kiosk.until("kept")
    away(kiosk, False)
    kiosk.page.evaluate("dispatchEvent(new Event('online'))")
    eventually(lambda: len(fake.of("pin")) >= 2)
    assert [one.body["staff"] for one in fake.of("pin")][:2] == ["s-001", "s-002"]
    kiosk.page.locator("#banner").wait_for(state="hidden")


def test_what_cannot_be_opened_any_more_is_told_and_stops_nothing(
    fake: FakeKiosk, browsers: Browsers, eventually: Eventually
) -> None:
    kiosk = opened(fake, browsers)
    kiosk.page.evaluate(UNOPENABLE)
    kiosk.page.reload()
    kiosk.says("1 条保存的签到未被接受")
    by_pin(kiosk, "s-001")
    kiosk.until("done")


def test_the_next_card_may_come_while_a_result_is_shown(fake: FakeKiosk, browsers: Browsers) -> None:
    kiosk = opened(fake, browsers)
    by_pin(kiosk, "s-001")
    kiosk.until("done")
    kiosk.page.keyboard.type("s-002")
    kiosk.until("start")
    assert kiosk.page.input_value("#number") == "s-002"


def test_after_a_finger_the_keyboard_still_means_the_field(fake: FakeKiosk, browsers: Browsers) -> None:
    fake.config["faces"] = False
    kiosk = opened(fake, browsers)
    kiosk.page.locator('.pad[data-for="number"]').get_by_role("button", name="7", exact=True).click()
    enter(kiosk, "12")
    kiosk.until("pin")
    assert kiosk.page.inner_text("#pin .who") == "712"


def test_a_card_reader_at_a_kiosk_whose_camera_is_broken_comes_to_the_pin(fake: FakeKiosk, browsers: Browsers) -> None:
    fake.frames = [LOOK]
    kiosk = opened(fake, browsers)  # without a camera, in a hall with faces
    enter(kiosk, "s-001")
    kiosk.until("pin")
    kiosk.says("没有找到摄像头")
    enter(kiosk, "274951")
    kiosk.until("done")
    assert fake.of("pin")[0].body["staff"] == "s-001"


def test_the_address_with_a_token_counts_in_a_page_that_is_open(fake: FakeKiosk, browsers: Browsers) -> None:
    kiosk = browsers.page(f"{fake.url}/kiosk")
    kiosk.says("本机没有令牌")
    kiosk.page.goto(f"{fake.url}/kiosk#token={TOKEN}")
    kiosk.page.wait_for_selector("#start:not([hidden])")
    assert kiosk.page.url == f"{fake.url}/kiosk"


def test_a_page_that_cannot_act_yet_takes_no_number(fake: FakeKiosk, browsers: Browsers) -> None:
    """A number before the scripts are there would go into the address, and one before the settings would be asked
    again: a person would believe that the card was read.
    """
    held: list[Any] = []
    kiosk = browsers.page(f"{fake.url}/kiosk")
    kiosk.says("本机没有令牌")
    kiosk.page.route("**/kiosk/api/config", lambda route: held.append(route))
    with kiosk.page.expect_request("**/kiosk/api/config"):
        kiosk.page.goto(f"{fake.url}/kiosk#token={TOKEN}")
    kiosk.says("正在打开")
    enter(kiosk, "s-001")
    assert not kiosk.page.is_visible("#start")
    held[0].continue_()
    kiosk.until("start")
    assert kiosk.page.input_value("#number") == ""
    assert kiosk.page.url == f"{fake.url}/kiosk"
    by_pin(kiosk, "s-001")
    kiosk.until("done")


def test_only_who_saw_that_some_were_refused_takes_it_away(
    fake: FakeKiosk, browsers: Browsers, eventually: Eventually
) -> None:
    kiosk = opened(fake, browsers)
    kiosk.page.evaluate("localStorage.setItem('jiancha.kiosk.refused', '3')")
    kiosk.page.reload()
    kiosk.says("3 条保存的签到未被接受")
    found_away(kiosk)
    kiosk.says("网络中断")
    kiosk.page.click("#banner")
    away(kiosk, False)
    kiosk.page.evaluate("dispatchEvent(new Event('online'))")
    kiosk.says("3 条保存的签到未被接受")
    kiosk.page.click("#banner")
    kiosk.page.locator("#banner").wait_for(state="hidden")


@pytest.mark.long
def test_half_a_number_does_not_stand_before_the_next_ones(
    fake: FakeKiosk, browsers: Browsers, eventually: Eventually
) -> None:
    kiosk = opened(fake, browsers)
    kiosk.page.keyboard.type("s-0")
    eventually(lambda: kiosk.page.input_value("#number") == "", timeout=40)


def test_no_page_broke_the_policy_or_failed(browsers: Browsers) -> None:
    assert browsers.faults() == []


def test_too_many_at_one_kiosk_is_told_in_the_servers_words(fake: FakeKiosk, browsers: Browsers) -> None:
    """429 for the kiosk's rate is nobody's lock: the person is not told that theirs is locked."""
    words = "本机密码签到过多，请于 09:05 后再试。"
    fake.says["pin"].append((429, {"detail": words, "code": "pin.too_many"}))
    kiosk = opened(fake, browsers)
    by_pin(kiosk, "s-001")
    kiosk.says(words)
