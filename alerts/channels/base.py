"""What every channel is: one address, one message at a time, a `Result` for each try."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from alerts.retry import Result, refused, timed_out
from monitor.redact import SECRETS

_MAIL_ADDRESS: Final = re.compile(r"[^\s\"'<>@]+@")


class Unusable(ValueError):
    """A receiver that cannot be opened; the text names the key and the way out, never the URL."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One message, or one part of it. `body` is what a webhook posts; chat and mail take `title` and `text`."""

    title: str
    text: str
    body: Mapping[str, Any]


class Channel(Protocol):
    """One address. `name` labels metrics and attempts; it names a kind, never a person or a URL.

    `grouped`: cards may share a message. `default_per_minute`: its limit where the settings name none.
    """

    @property
    def name(self) -> str: ...
    @property
    def grouped(self) -> bool: ...
    @property
    def default_per_minute(self) -> int | None: ...

    def limit(self) -> int | None:
        """Most bytes of UTF-8 in a text; None: no limit. May load a library. Unusable when the address is none."""

    def title_apart(self) -> bool:
        """Whether the title travels beside the text (mail); else it is the text's first line."""

    def send(self, message: Message) -> Result:
        """Make one try. Blocks; may be abandoned by the caller when it takes too long."""

    def close(self) -> None: ...


def bounded(work: Callable[[], Result], seconds: float) -> Result:
    """The result of `work`, or `timeout` after so many real seconds; the abandoned try may still deliver.

    Libraries time out each read, not the whole try, so a receiver that drips bytes would hold a sender for ever.
    An exception of `work` is a refusal that may be tried again: the fault is ours or the network's.
    """
    results: list[Result] = []
    done = threading.Event()

    def run() -> None:
        try:
            results.append(work())
        except Unusable as error:
            results.append(refused(str(error), permanent=True))
        except Exception as error:
            results.append(refused(f"{type(error).__name__}: {error}"))
        finally:
            done.set()

    threading.Thread(target=run, name="alert-try", daemon=True).start()
    if not done.wait(seconds):
        return timed_out(f"no answer within {seconds:g} s")
    return _told(results[0]) if results else refused("the try broke off")


def _told(result: Result) -> Result:
    """Receivers say back what they were given, and libraries name the address: neither enters the record."""
    return replace(result, detail=SECRETS.scrub(result.detail))


def without_addresses(text: str) -> str:
    """Contacts have one home (DESIGN §1F), and the record of tries is not it."""
    return _MAIL_ADDRESS.sub("…@", text)
