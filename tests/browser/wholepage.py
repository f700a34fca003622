"""What is held of every page: nothing sticks out, the keyboard reaches everything and is seen, one language alone."""

from __future__ import annotations

import getpass
import json
import re
import sqlite3
from collections.abc import Iterable, Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

from tests.webtools import NAMED

CHINESE: Final = re.compile(r"[\u3400-\u9fff\uff00-\uffef\u3000-\u303f]+")
WORD: Final = re.compile(r"[A-Za-z][a-z]{2,}|[A-Z]{3,}")
COMMAND: Final = re.compile(
    r"\bjiancha(?:-[a-z]+)?(?: [a-z-]+)*(?: --?[a-z-]+(?: [a-z0-9_]+)?)*"
    r"|/[a-z0-9]+(?:/[a-z0-9]+)+|/(?:healthz|readyz|metrics)\b|\b[a-z]+:[\w/-]*\d[\w/-]*"
)
"""A command within a sentence, an address of the API, an id as one types it (case:ns/2026-001)."""
EMPTY_TITLE: Final = re.compile(r"《\s*》")
"""What is left of the title of a Chinese document."""
BARE: Final = re.compile(r"[a-z_.]+")
MORE_STEPS: Final = 15
"""Steps of Tab beyond what must be reached: a browser lets areas that scroll be reached too."""
TAB: Final = {"type": "rawKeyDown", "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
BOTH: Final = ".fault, .both, code, pre"
"""Texts in both languages at once (the program's own errors: Chinese first, English behind), and commands."""
READY: Final = """async () => {
  if (!window.inspect || !matchMedia('(prefers-reduced-motion: reduce)').matches) return false;
  inspect.unfold();
  await document.fonts.ready;
  return true;
}"""
WIDE: Final = """async () => {
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return inspect.wide();
}"""
"""After two frames: charts are drawn anew for a size too."""
KEPT_ENGLISH: Final = frozenset(
    {
        "PIN",
        "CSV",
        "JSON",
        "Excel",
        "PDF",
        "XLSX",
        "DOCX",
        "ZIP",
        "TOML",
        "ICS",
        "OpenID",
        "API",
        "MQTT",
        "HTTP",
        "HTTPS",
        "SHA",
        "abc",
        "channels",
        "pdf",
        "png",
        "jpeg",
        "docx",
        "xlsx",
        "txt",
        getpass.getuser(),
    }
)
"""Latin words that a Chinese office uses as they are; `abc` is a kiosk's key for letters, `channels` a column
of the registry, then what a file's name ends in; the last is who made the busy hall (命令行 root)."""


@cache
def _inspect() -> str:
    return (NAMED / "inspect.js").read_text(encoding="utf-8")


def prepare(page: Any, *more: str) -> None:
    """Give every document that the page will show its tools, and these scripts. Sent once: the debugger passes a script
    on from process to process, and axe's 600 kB took longer on their way than at work on most pages.
    """
    page.emulate_media(reduced_motion="reduce")
    for script in (_inspect(), *more):
        page.add_init_script(script)


def ready(page: Any) -> None:
    """The page has its tools; it is loaded, with its fonts, and nothing on it moves.

    It is looked at as whoever asks their system for no motion sees it. Colours are measured half faded otherwise; to
    end what moves (`animation.finish()`) before axe would not do: the public screen rolls on while axe is at work.
    """
    if not page.evaluate(READY):  # not prepared
        page.emulate_media(reduced_motion="reduce")
        page.evaluate(_inspect())
        page.evaluate(READY)


def moving(page: Any) -> list[str]:
    """What moves though no motion was asked for; `ready` has asked."""
    return [f"moves: {one}" for one in page.evaluate("() => inspect.moving()")]


def sized(page: Any, size: tuple[int, int]) -> None:
    """The page has this size: what is laid out anew for nothing is most of what a change costs."""
    wanted = {"width": size[0], "height": size[1]}
    if page.viewport_size != wanted:
        page.set_viewport_size(wanted)


def wide(page: Any, size: tuple[int, int]) -> list[str]:
    sized(page, size)
    found = page.evaluate(WIDE)
    return [f"{size[0]}×{size[1]}: sticks out: {found}"] if found else []


def keyboard(page: Any) -> list[str]:
    """Tab from the beginning: what it does not reach, reaches out of order, or reaches unseen."""
    count = page.evaluate("() => inspect.begin()")
    debugger = page.context.new_cdp_session(page)
    for _ in range(count):  # a press of the key alone, half of what `keyboard.press` sends
        debugger.send("Input.dispatchKeyEvent", TAB)
    debugger.detach()
    walked = page.evaluate("() => inspect.walked()")
    for _ in range(MORE_STEPS):
        if {step[0] for step in walked["steps"]} >= set(range(count)):
            break
        page.keyboard.press("Tab")
        walked = page.evaluate("() => inspect.walked()")
    seen = [step[0] for step in walked["steps"] if step[0] >= 0]
    first = list(dict.fromkeys(seen))
    missed = [walked["wanted"][n] for n in range(count) if n not in first]
    told = [f"keyboard: not reached: {missed}"] if missed else []
    told += ["keyboard: out of order"] if first != sorted(first) else []
    unseen = {f"{name}: {fault}" for n, name, fault in walked["steps"] if n >= 0 and fault}
    return [*told, *(f"focus: {one}" for one in sorted(unseen)[:6])]


class Data:
    """What is data and no text of the program: every text of the store, and names that the configuration gives."""

    def __init__(self, database: Path, more: Iterable[str] = ()) -> None:
        with sqlite3.connect(database) as conn:
            values = set(_values(conn)) | set(more)
        by_length = sorted((value for value in values if len(value) >= 2), key=len, reverse=True)
        self._chinese = [value for value in by_length if CHINESE.search(value)]
        # A bare word (yellow, case.limit, duty_supervisor) is a name in the code, not data: a page translates it.
        self._latin = [value for value in by_length if WORD.search(value) and not BARE.fullmatch(value)]

    def chinese_left(self, texts: Iterable[tuple[str, str]]) -> list[str]:
        """Chinese on an English page that is no data."""
        return [
            f"in English: {text[:300]!r} at {at}"
            for text, at in texts
            if CHINESE.search(_without(text, self._chinese, CHINESE))
        ]

    def english_left(self, texts: Iterable[tuple[str, str]]) -> list[str]:
        """English words on a Chinese page that are no data."""
        told = []
        for text, at in texts:
            words = set(WORD.findall(_without(COMMAND.sub(" ", text), self._latin, WORD))) - KEPT_ENGLISH
            if words:
                told.append(f"in Chinese: {sorted(words)} in {text[:300]!r} at {at}")
        return told


def texts(page: Any) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = page.evaluate("(skip) => inspect.texts(skip)", BOTH)
    return found


class _Read(HTMLParser):
    """Texts of a page as it is served, as `inspect.texts` takes them; with what is hidden until a script shows it."""

    SILENT: Final = ("script", "style", "noscript", "code", "pre", "template")
    SKIPPED: Final = frozenset({"fault", "both"})
    EMPTY: Final = ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr")
    WORDS: Final = ("aria-label", "title", "placeholder", "alt")

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._lang = ""
        self._open: list[tuple[str, bool]] = []
        """Tags that are open, and whether what is in them is left out."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "html":
            self._lang = given.get("lang") or ""
        out = (
            bool(self._open and self._open[-1][1])
            or tag in self.SILENT
            or not self.SKIPPED.isdisjoint((given.get("class") or "").split())
            or given.get("lang", self._lang) != self._lang
        )
        if not out:
            self.found += [(said, f"{tag} {word}") for word in self.WORDS if (said := given.get(word))]
        if tag not in self.EMPTY:
            self._open.append((tag, out))

    def handle_endtag(self, tag: str) -> None:
        names = [name for name, _ in self._open]
        if tag in names:
            del self._open[len(names) - 1 - names[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        if data.strip() and self._open and not self._open[-1][1]:
            self.found.append((data.strip(), self._open[-1][0]))


def texts_of(html: str) -> list[tuple[str, str]]:
    """The texts of a page that no browser has seen."""
    reader = _Read()
    reader.feed(html)
    return reader.found


def _without(text: str, values: Iterable[str], wanted: re.Pattern[str]) -> str:
    """The text without these values, the longest first; as it is where nothing that is wanted is in it anyway."""
    if not wanted.search(text):
        return text
    for value in values:
        if value in text:
            text = text.replace(value, " ")
    return EMPTY_TITLE.sub(" ", text)


def _values(conn: sqlite3.Connection) -> Iterator[str]:
    for (table,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        for row in conn.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - names of the schema
            for value in row:
                if isinstance(value, str):
                    yield from texts_in(value)


def texts_in(value: Any) -> Iterator[str]:
    """The texts of a value; of JSON those within it."""
    if isinstance(value, str):
        if value[:1] in "[{" and value[-1:] in "]}":
            try:
                yield from texts_in(json.loads(value))
                return
            except ValueError:
                pass
        yield value.strip()
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_in(inner)
