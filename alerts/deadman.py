"""The dead man's switch: a sign of life goes out while the daemon works, so that its absence is noticed elsewhere.

Nothing here raises an alarm: whoever expects the sign does, and can do so when this machine is gone altogether.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import datetime

import httpx
import structlog

from alerts.channels.outbound import NotAllowed, Reach, client
from alerts.policy import DeadMan

log = structlog.get_logger(__name__)
Publish = Callable[[str, bytes], bool]
"""(topic, payload) → whether the broker was there to take it."""
Alive = Callable[[], "str | None"]
"""None, or why the daemon does not do its work now."""


class DeadManSwitch:
    """Sends the sign every `every_seconds` of real time, and keeps still while `alive` names a fault.

    `publish` None: no broker. `signed` counts a sign by its way (`url`, `topic`) and whether it was taken.
    """

    def __init__(
        self, policy: DeadMan, *, alive: Alive, now: Callable[[], datetime], publish: Publish | None = None,
        signed: Callable[[str, bool], None] = lambda way, taken: None, timeout_seconds: float = 10,
        reach: Reach = Reach(),
    ) -> None:  # fmt: skip
        self._policy, self._alive, self._now = policy, alive, now
        self._publish, self._signed = publish, signed
        self._client = client(reach, timeout=timeout_seconds)

    @property
    def is_set(self) -> bool:
        """Whether the settings ask for it."""
        return self._policy.url is not None or bool(self._policy.topic)

    def run(self, stop: threading.Event) -> None:
        """Send until `stop` is set. Blocks."""
        try:
            while not stop.is_set():
                self.beat()
                stop.wait(self._policy.every_seconds)
        finally:
            self._client.close()

    def beat(self) -> bool:
        """One sign, if the daemon works; whether one was due."""
        why = self._alive()
        if why is not None:
            log.warning("no sign of life goes out", action="deadman.still", why=why)
            return False
        if self._policy.url is not None:
            self._signed("url", self._ask(self._policy.url.get_secret_value()))
        if self._policy.topic and self._publish is not None:
            body = json.dumps({"at": self._now().isoformat(), "state": "online"}).encode()
            self._signed("topic", self._publish(self._policy.topic, body))
        return True

    def _ask(self, url: str) -> bool:
        """The URL is a secret and enters no log."""
        try:
            answer = self._client.get(url)
        except NotAllowed as error:
            log.warning("the sign of life was not taken", action="deadman.failed", why=str(error))
            return False
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            log.warning("the sign of life was not taken", action="deadman.failed", why=type(error).__name__)
            return False
        if not answer.is_success:
            log.warning("the sign of life was not taken", action="deadman.failed", why=f"HTTP {answer.status_code}")
        return answer.is_success
