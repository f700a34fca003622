"""A PDF fetches nothing: no address that somebody wrote into a text is asked, no file of this machine gets in."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from monitor.exports.pdf import CannotPrint, as_pdf, require_pdf
from tests.conftest import skip_or_fail

SECRET = "jct-this-is-a-secret-of-the-server"
WAYS = {
    "a picture": '<img src="ADDRESS">',
    "an attachment": '<link rel="attachment" href="ADDRESS">',
    "an attachment by a link": '<a rel="attachment" href="ADDRESS">x</a>',
    "a style": '<link rel="stylesheet" href="ADDRESS">',
    "a style within a style": '<style>@import url("ADDRESS");</style>',
    "a picture of a style": '<p style="background: url(ADDRESS)">x</p>',
    "a font": '<style>@font-face { font-family: x; src: url("ADDRESS") } p { font-family: x }</style><p>x</p>',
    "an object": '<object data="ADDRESS"></object><embed src="ADDRESS">',
    "a drawing": '<svg><image href="ADDRESS"/><use href="ADDRESS#x"/></svg>',
    "a base": '<base href="ADDRESS"><img src="x">',
}


@pytest.fixture(scope="module", autouse=True)
def _printing() -> None:
    try:
        require_pdf()
    except CannotPrint as error:
        skip_or_fail(str(error))


@pytest.mark.parametrize("way", WAYS)
def test_no_address_in_a_page_is_asked(
    way: str, tmp_path: Path, httpserver: HTTPServer, tool: Callable[[str], str]
) -> None:
    """Markup is escaped before it comes here; this is what holds where somebody forgets."""
    file = tmp_path / "secret.txt"
    file.write_text(SECRET)
    httpserver.expect_request("/ask").respond_with_data("x")
    for address in (file.as_uri(), httpserver.url_for("/ask")):
        evil = WAYS[way].replace("ADDRESS", address)
        (tmp_path / "made.pdf").write_bytes(as_pdf(f"<html><body><p>正文</p>{evil}</body></html>"))
        assert SECRET.encode() not in (tmp_path / "made.pdf").read_bytes()
        found = subprocess.run([tool("pdfdetach"), "-list", tmp_path / "made.pdf"], capture_output=True, text=True)
        assert found.stdout.startswith("0 embedded files"), found.stdout
        text = subprocess.run([tool("pdftotext"), tmp_path / "made.pdf", "-"], capture_output=True, text=True)
        assert "正文" in text.stdout
        assert SECRET not in text.stdout
    assert httpserver.log == []
