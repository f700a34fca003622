"""Addresses of receivers as they may be shown: enough to know which one it is, not enough to write to it. Pure."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

_URL: Final = re.compile(r"\b[a-z][a-z0-9+.-]{1,19}://[^\s'\"<>]+", re.IGNORECASE)
_MAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_NUMBER: Final = re.compile(r"(?<![\w.:-])\+?\d{7,15}(?![\w.:-])")
_KEY: Final = re.compile(r"(?<![\w./-])(?=[\w-]*\d)[\w-]{20,}(?![\w./-])")
_QUERY_KEY: Final = re.compile(r"(?i)\b(key|token|access_token|secret|password|sign)=[^&\s'\"]+")
HIDDEN: Final = "…"


def mask_address(address: str) -> str:
    """A URL's scheme and host, a mail's first letter and domain, a number's ends."""
    if "://" in address:
        return _url(address)
    if "@" in address:
        return _mail(address)
    return _ends(address)


def mask_text(text: str) -> str:
    """What a receiver answered, without the addresses, numbers and keys that may stand in it."""
    masked = _URL.sub(lambda found: _url(found[0]), text)
    masked = _QUERY_KEY.sub(lambda found: f"{found[1]}={HIDDEN}", masked)
    masked = _MAIL.sub(lambda found: _mail(found[0]), masked)
    masked = _NUMBER.sub(lambda found: _ends(found[0]), masked)
    return _KEY.sub(lambda found: found[0][:3] + HIDDEN, masked)


def _url(url: str) -> str:
    """Of a robot's `wecombot://KEY/` even the host is its key: only a host with a dot, or of this machine, is shown."""
    parts = urlsplit(url)
    if parts.scheme.lower() in ("mailto", "mailtos") and "@" in parts.netloc:
        return f"{parts.scheme}://{_mail(parts.netloc)}"
    try:
        host = parts.hostname or ""
    except ValueError:
        host = ""
    shown = host if "." in host or host == "localhost" else ""
    return f"{parts.scheme}://{shown}/{HIDDEN}" if shown else f"{parts.scheme}://{HIDDEN}"


def _mail(mail: str) -> str:
    who, _, domain = mail.rpartition("@")
    return f"{who[:1]}***@{domain}"


def _ends(number: str) -> str:
    return f"{number[:3]}****{number[-2:]}" if len(number) >= 7 else f"{number[:1]}***"
