"""Who is told: a webhook, a group robot (企业微信) and a desk that stands in, each with moods; what truly arrived."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.receivers import Answer, Got, HttpReceiver, says

SLOW_SECONDS: Final = 1.2
TIMEOUT_SECONDS: Final = 3
BUSY: Final = {"errcode": -1, "errmsg": "system busy"}
"""What a robot says that does not take the message, with HTTP 200."""
REVOKED: Final = {"errcode": 93000, "errmsg": "invalid webhook url"}
TAKEN: Final = {"errcode": 0, "errmsg": "ok"}
LINK: Final = "http://console.example/jiancha"
_NUMBER: Final = re.compile(rf"{re.escape(LINK)}/cards/(\d+)")


@dataclass(frozen=True, kw_only=True)
class Told:
    """One message as a receiver took it: numbers of cards; of a webhook also sequence and kind."""

    receiver: str
    card: int
    sequence: int | None
    kind: str


class Receivers:
    """`mood` sets all of them; the desk is always well, so that what a robot refuses for good has somewhere to go."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mood = "well"
        self._said = 0
        self.told: list[Told] = []
        self.refused = 0
        self._quick = threading.Event()
        self._quick.set()
        self._servers = {name: HttpReceiver(self._answer(name)) for name in ("hook", "robot", "desk")}

    def ports(self) -> dict[str, int]:
        return {name: int(server.base.rpartition(":")[2]) for name, server in self._servers.items()}

    def mood(self, mood: str) -> None:
        with self._lock:
            self._mood = mood
        if mood == "slow":
            self._quick.clear()
        else:
            self._quick.set()

    def close(self) -> None:
        self._quick.set()
        for server in self._servers.values():
            server.close()

    def _answer(self, name: str) -> Any:
        def answer(got: Got) -> Answer:
            with self._lock:
                mood = self._mood if name != "desk" else "well"
                self._said += 1
                turn = self._said
            if mood == "slow":
                self._quick.wait(SLOW_SECONDS if turn % 3 else TIMEOUT_SECONDS + 1)
            if mood == "fails" or (mood == "resets" and turn % 2):
                return self._not_taken(says({"error": "try again"}, 503))
            if mood == "resets":
                return self._not_taken(Answer(status=200, headers={"Content-Length": "9999"}))
            if name != "robot":
                self._take(name, got)
                return says({})
            if mood == "lies":
                return self._not_taken(says(REVOKED if turn % 4 == 0 else BUSY))
            self._take(name, got)
            return says(TAKEN)

        return answer

    def _not_taken(self, answer: Answer) -> Answer:
        with self._lock:
            self.refused += 1
        return answer

    def _take(self, name: str, got: Got) -> None:
        with self._lock:
            if name == "robot":
                numbers = _NUMBER.findall(json.dumps(got.json, ensure_ascii=False))
                self.told += [Told(receiver=name, card=int(n), sequence=None, kind="") for n in numbers]
                return
            body: Mapping[str, Any] = got.json or {}
            if body.get("card") is not None:
                self.told.append(
                    Told(receiver=name, card=body["card"], sequence=body["sequence"], kind=str(body["kind"]))
                )


def alerts(ports: Mapping[str, int], desk: int) -> dict[str, Any]:
    """`[alerts]`: everything to webhook and robot at once; `ports` are those that the daemon reaches them by."""
    robot = f"wecombot://torture-robot-key?base=http://127.0.0.1:{ports['robot']}"
    return {
        "timeout_seconds": TIMEOUT_SECONDS,
        "group_wait_seconds": 0,
        "repeat_minutes": 0,
        "link": LINK,
        "fallback": "desk",
        "storm": {"cards": 0},
        "retry": {"base_seconds": 0.3, "cap_seconds": 3.0},
        "routes": [{"receivers": ["hook", "robot"]}],
        "receivers": {
            "hook": {"url": f"http://127.0.0.1:{ports['hook']}/alerts"},
            "robot": {"url": robot, "per_minute": 6000},
            "desk": {"url": f"http://127.0.0.1:{desk}/alerts"},
        },
    }
