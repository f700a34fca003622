"""The frame of the pages: languages, static files, headers, and what lies in the tree for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI, Request, Response
from httpx import Client

from monitor.console.pages import statics
from monitor.console.pages.frame import CONTENT_POLICY, TEMPLATES, environment, page
from monitor.console.pages.statics import add_static, digest, static
from monitor.console.server import HttpServer
from scripts import catalogue, vendor_files

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    app = FastAPI()

    @app.get("/kiosk")
    def kiosk(request: Request) -> Response:
        return page(request, "kiosk.html", words={"title": "</script><script>alert(1)</script>"}, https="")

    add_static(app.router)
    server = HttpServer(app)
    server.start()
    with Client(base_url=server.url, follow_redirects=True) as made:
        yield made
    server.stop()


def test_every_text_has_its_chinese() -> None:
    assert catalogue.untranslated() == []


def test_the_catalogue_is_that_of_the_texts() -> None:
    assert catalogue.FILE.read_text(encoding="utf-8") == catalogue.text(), "run `make docs`"


def test_a_text_and_its_chinese_ask_for_the_same_values() -> None:
    known = catalogue.known()
    named = re.compile(r"%\((\w+)\)s")
    for msgid in catalogue.found():
        assert set(named.findall(msgid)) == set(named.findall(str(known[msgid].string))), msgid


def test_what_others_wrote_is_what_the_list_says() -> None:
    assert vendor_files.faults() == []


@pytest.mark.parametrize(
    ("address", "cookie", "lang"),
    [
        ("/kiosk", None, "zh-CN"),
        ("/kiosk?lang=en", None, "en"),
        ("/kiosk", "en", "en"),
        ("/kiosk?lang=zh", "en", "zh-CN"),
        ("/kiosk?lang=xx", None, "zh-CN"),
        ("/kiosk", "../../x", "zh-CN"),
    ],
)
def test_a_page_speaks_chinese_unless_english_is_chosen(
    client: Client, address: str, cookie: str | None, lang: str
) -> None:
    headers = {"Accept-Language": "en-GB", **({"Cookie": f"lang={cookie}"} if cookie else {})}
    assert f'<html lang="{lang}">' in client.get(address, headers=headers).text


def test_the_choice_is_kept_in_a_cookie(client: Client) -> None:
    kept = client.get("/kiosk?lang=en").headers["set-cookie"]
    assert "lang=en" in kept
    assert "HttpOnly" in kept
    assert "set-cookie" not in client.get("/kiosk").headers


def test_a_page_keeps_to_this_server_and_to_nobodys_disk(client: Client) -> None:
    headers = client.get("/kiosk").headers
    assert headers["content-security-policy"] == CONTENT_POLICY
    assert "unsafe" not in CONTENT_POLICY
    assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")
    assert headers["permissions-policy"].startswith("camera=(self)")


def test_what_is_shown_is_escaped(client: Client) -> None:
    text = client.get("/kiosk").text
    assert "<script>alert" not in text


@pytest.mark.parametrize("template", sorted(p.name for p in TEMPLATES.rglob("*.html")))
def test_no_template_has_script_style_or_address_of_its_own(template: str) -> None:
    """The content policy would refuse them, and nothing may come from elsewhere."""
    text = (TEMPLATES / template).read_text(encoding="utf-8")
    assert not re.search(r"\son\w+\s*=", text), "an event handler"
    assert not re.search(r"\sstyle\s*=|<style", text), "a style"
    assert not re.search(r"<script(?![^>]*(src=|application/json))", text), "a script"
    assert not re.search(r"(src|href|action)\s*=\s*\"(https?:)?//", text), "an address elsewhere"
    for language in ("zh", "en"):
        environment(language).get_template(template)


def test_a_static_file_is_kept_for_ever_under_its_digest(client: Client) -> None:
    address = static("vendor/htmx.min.js")
    got = client.get(address)
    assert (got.status_code, got.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert "immutable" in got.headers["cache-control"]
    assert client.get(address, headers={"If-None-Match": got.headers["etag"]}).status_code == 304
    old = client.get(address.replace(digest(), "0" * 12))
    assert (old.status_code, old.headers["cache-control"], old.content) == (200, "no-cache", got.content)


@pytest.mark.parametrize(
    "name", ["nothing.js", "../app.py", "%2e%2e/app.py", "..%2fapp.py", "vendor/../../app.py", "/etc/passwd", ""]
)
def test_nothing_but_static_files_can_be_had(client: Client, name: str) -> None:
    assert client.get(f"/static/{digest()}/{name}").status_code == 404


def test_a_static_file_that_there_is_not_is_a_fault_of_the_template() -> None:
    with pytest.raises(KeyError, match=r"nothing\.css"):
        static("nothing.css")


def test_nothing_that_is_shipped_asks_elsewhere() -> None:
    """Our own scripts and styles name no other server; those of others are held by their digest."""
    for name, file in statics.files().items():
        if not name.startswith("vendor/") and name.endswith((".js", ".css", ".webmanifest")):
            assert not re.search(rb"https?://(?!www\.w3\.org/)", file.body), name
