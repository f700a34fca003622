"""One id from the message of a device to the notice on a phone, for the log alone (docs/operations.md "日志").

It is worked out from what a line speaks of, so that no table holds it: the same event has the same id in every process
and after every restart. 32 hex digits, as W3C Trace Context wants a trace id.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict
from typing import Final

_PARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")
KEPT: Final = 10_000


def of_event(device: str, event_id: str) -> str:
    """The trace id of a device's event. In a shell: printf '%s\\0%s' DEVICE ID | sha256sum | cut -c1-32"""
    return _digest(f"{device}\0{event_id}")


def of_subject(kind: str, key: str) -> str:
    """The trace id of a card that rests on no event: on a silence, on a calendar."""
    return _digest(f"{kind}\0{key}\0")


def parent_of(traceparent: str) -> str | None:
    """The trace id in the text of a `traceparent`; None where it is none by W3C Trace Context."""
    found = _PARENT.fullmatch(traceparent)
    return found[1] if found else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class Parents:
    """The ids that devices gave their messages, by ours: the newest of them, in this process. Thread-safe."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept, self._lock = kept, threading.Lock()
        self._found: OrderedDict[str, str] = OrderedDict()

    def learn(self, trace: str, parent: str) -> None:
        with self._lock:
            self._found[trace] = parent
            self._found.move_to_end(trace)
            if len(self._found) > self._kept:
                self._found.popitem(last=False)

    def get(self, trace: str) -> str | None:
        return self._found.get(trace)


PARENTS: Final = Parents()


def fields(*traces: str) -> dict[str, object]:
    """What a line of the log says of its traces: `trace`, or `traces` where it speaks of several messages; and the ids
    that the devices gave them, where this process has heard them.
    """
    ids = list(dict.fromkeys(traces))
    parents = [parent for one in ids if (parent := PARENTS.get(one)) is not None]
    told: dict[str, object] = {"trace": ids[0]} if len(ids) == 1 else {"traces": ids}
    if parents:
        told["parent" if len(ids) == 1 else "parents"] = parents[0] if len(ids) == 1 else parents
    return told
