"""The kiosk's scripts and its words: no name without a text, no text that nobody shows."""

from __future__ import annotations

import re
from pathlib import Path

from monitor.console.pages.kioskwords import kiosk_words
from monitor.console.pages.statics import ROOT

SCRIPTS = "\n".join(path.read_text(encoding="utf-8") for path in sorted(Path(ROOT, "kiosk").glob("*.js")))
WORDS = kiosk_words(lambda text: text)


def shown() -> set[str]:
    named = set(re.findall(r"word\('([\w.]+)'", SCRIPTS)) | set(re.findall(r"\? '([\w.]+)' : '[\w.]+'", SCRIPTS))
    named |= {name for pair in re.findall(r"word\([^()]*\? '([\w.]+)' : '([\w.]+)'", SCRIPTS) for name in pair}
    for prefix in re.findall(r"word\(`([\w.]+)\$\{", SCRIPTS):
        named |= {name for name in WORDS if name.startswith(prefix)}
    return named & (WORDS.keys() | {name for name in named if "." in name})


def test_every_name_that_a_script_shows_has_a_text() -> None:
    direct = set(re.findall(r"word\('([\w.]+)'", SCRIPTS))
    chosen = {name for pair in re.findall(r"word\([^()]*\? '([\w.]+)' : '([\w.]+)'", SCRIPTS) for name in pair}
    assert direct | chosen <= WORDS.keys()


def test_every_text_is_shown_by_some_script() -> None:
    assert WORDS.keys() <= shown() | set(re.findall(r"'([\w.]+)'", SCRIPTS))


def test_values_that_a_text_asks_for_are_given() -> None:
    for name, text in WORDS.items():
        for value in re.findall(r"\{(\w+)\}", text):
            assert re.search(rf"word\('{re.escape(name)}', \{{[^}}]*\b{value}\b", SCRIPTS), (name, value)
