"""Secrets that must not leave by a log, an error or a record of a try: learnt where they are read, taken out of every
text at the few places by which texts leave (docs/security.md).

A secret of fewer than LEAST characters cannot be told from a word, and stays; `jiancha` makes none so short.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

LEAST: Final = 8
GONE: Final = "…"
_TOKEN: Final = re.compile(r"\bjc[a-z]_[A-Za-z0-9_-]{16,}|(?i:\bbearer\s+)[A-Za-z0-9._~+/=-]{8,}")
"""What this program itself hands out (tokens, cookies, invitations), and what others show by the same header."""
_USERINFO: Final = re.compile(r"(?<=://)([^\s/@:\"']*):[^\s/@\"']+@")
_TELLING: Final = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[^/\s]{12,}|[^/\s]{24,}")
"""A part of a path that is no word: the key of a robot, the token of a hook."""


class Secrets:
    """What is known as secret in this process. Thread-safe; a text is also known as JSON and URLs write it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, *texts: str) -> None:
        new = {form for text in texts if len(text) >= LEAST for form in _forms(text)}
        with self._lock:
            if not new <= self._known:
                self._known |= new
                longest = sorted(self._known, key=lambda text: (-len(text), text))
                self._pattern = re.compile("|".join(map(re.escape, longest)))

    def learn_url(self, url: str) -> None:
        """An address that is secret as a whole, and each part of it that is by itself."""
        self.learn(url, *_parts(url))

    def scrub(self, text: str) -> str:
        """The text without any of them."""
        if self._pattern is not None:
            text = self._pattern.sub(GONE, text)
        if "://" in text:
            text = _USERINFO.sub(rf"\1:{GONE}@", text)
        return _TOKEN.sub(GONE, text)


SECRETS: Final = Secrets()
"""Those of this process."""


def _forms(text: str) -> Iterable[str]:
    written = json.dumps(text, ensure_ascii=False)[1:-1]
    return {
        text,
        written,
        json.dumps(text)[1:-1],
        quote(text, safe=""),
        quote_plus(text),
        quote(text),
        repr(text)[1:-1],
    }


def passwords_in(url: str) -> tuple[str, ...]:
    """The password of an address: before its host, or where drivers of databases take it, in its query."""
    try:
        parts = urlsplit(url)
        given = [parts.password or "", *(value for key, value in parse_qsl(parts.query) if "pass" in key.lower())]
    except ValueError:
        return ()
    return tuple(dict.fromkeys(form for text in given if text for form in (text, unquote(text))))


def _parts(url: str) -> Iterable[str]:
    if "://" not in url:
        return
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    yield from passwords_in(url)
    if parts.netloc and parts.scheme not in ("http", "https", "mqtt", "mqtts") and _TELLING.fullmatch(parts.netloc):
        yield parts.netloc  # of a robot's URL: its key stands where others have a host
    yield from (part for part in map(unquote, parts.path.split("/")) if _TELLING.fullmatch(part))
    yield from (value for _, value in parse_qsl(parts.query))
