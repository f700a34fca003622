"""The gallery of a terminal, fetched from the hall's server and held in memory only, never on a disk."""

from __future__ import annotations

import base64
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
import numpy as np
import structlog

from monitor.agents.terminal.config import ServerSection
from monitor.attendance.facepolicy import FacePolicy
from monitor.attendance.recognition.gallery import Gallery
from monitor.clock import Clock

log = structlog.get_logger(__name__)

PATH: Final = "/api/v1/faces/gallery"
TIMEOUT_SECONDS: Final = 15.0
FIRST_SECONDS: Final = 5.0
"""How soon it is asked again while there is none yet."""


class Away(Exception):
    """The server does not answer, or not so that it can be used; it may be otherwise in a minute."""


class NotAllowed(Exception):
    """The server knows the token not, or not any more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A gallery with the model that made its vectors (`name@version`), the hall's policy, and the server's tag."""

    gallery: Gallery
    model: str
    policy: FacePolicy
    tag: str


class Server:
    """The hall's server. OSError for an authority that is no certificate."""

    def __init__(self, section: ServerSection, device: str) -> None:
        assert section.token is not None
        authority = str(section.ca) if section.ca is not None else None
        verify: ssl.SSLContext | bool = ssl.create_default_context(cafile=authority)
        self._asked = f"{section.url}{PATH}"
        self._device = device
        self._http = httpx.Client(
            verify=verify,
            timeout=TIMEOUT_SECONDS,
            trust_env=False,  # no proxy of the environment comes between
            headers={"Authorization": f"Bearer {section.token.get_secret_value()}"},
        )

    def fetch(self, tag: str | None) -> Held | None:
        """The gallery; None where it is still that of `tag`. Raises Away, NotAllowed."""
        headers = {"If-None-Match": tag} if tag is not None else {}
        try:
            answer = self._http.get(self._asked, params={"device": self._device}, headers=headers)
        except httpx.HTTPError as error:
            raise Away(f"{type(error).__name__}: {error}") from error
        if answer.status_code == 304:
            return None
        if answer.status_code in (401, 403):
            raise NotAllowed(f"{answer.status_code}: {_detail(answer)}")
        if answer.status_code != 200:
            raise Away(f"{answer.status_code}: {_detail(answer)}")
        try:
            return _held(answer.json(), answer.headers.get("etag", ""))
        except (ValueError, KeyError, TypeError) as error:
            raise Away(f"an answer that cannot be read: {error}") from error

    def close(self) -> None:
        self._http.close()


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return answer.reason_phrase


def _held(body: Mapping[str, Any], tag: str) -> Held:
    """Keys of the policy that this version does not know are left out: they are of a newer server."""
    people: dict[str, list[list[float]]] = {}
    for person in body["people"]:
        numbers = np.frombuffer(base64.b64decode(person["vectors"], validate=True), dtype="<f4")
        people[str(person["staff"])] = numbers.reshape(int(person["count"]), -1).tolist()
    known = {key: value for key, value in body["policy"].items() if key in FacePolicy.model_fields}
    return Held(
        gallery=Gallery(people),
        model=f"{body['model']}@{body['version']}",
        policy=FacePolicy.model_validate(known),
        tag=tag,
    )


class GalleryFeed:
    """Asks for the gallery in a thread of its own. `current` is for any thread."""

    def __init__(
        self,
        server: Server,
        clock: Clock,
        *,
        poll_seconds: float,
        most_hours: float,
        first_seconds: float = FIRST_SECONDS,
    ) -> None:
        self._server, self._clock = server, clock
        self._poll, self._most, self._first = poll_seconds, most_hours * 3600, min(first_seconds, poll_seconds)
        self._held: tuple[Held, float] | None = None
        self._stop = threading.Event()
        self._trouble: str | None = None
        self._thread = threading.Thread(target=self._run, name="gallery", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def current(self) -> Held | None:
        """What may be used: None before the first answer, after a refusal, and once it is too old."""
        held = self._held
        if held is None:
            return None
        return held[0] if self._clock.monotonic() - held[1] <= self._most else None

    def close(self) -> None:
        """A request that hangs is left behind."""
        self._stop.set()
        self._thread.join(2.0)
        self._server.close()
        self._held = None

    def _run(self) -> None:
        while not self._stop.is_set():
            self.ask()
            self._stop.wait(self._poll if self._held is not None else self._first)

    def ask(self) -> None:
        """Ask once. A server that is away leaves what is held; one that refuses takes it away at once."""
        asked = self._clock.monotonic()
        held = self._held
        try:
            found = self._server.fetch(held[0].tag if held is not None else None)
        except Away as error:
            self._say("terminal.server_away", str(error), log.warning)
            return
        except NotAllowed as error:
            self._held = None
            self._say("terminal.gallery_refused", str(error), log.error)
            return
        if found is None and held is None:
            return  # not modified, but nothing is held: the next request asks without a tag
        if found is not None:
            log.info("gallery", action="terminal.gallery", people=len(found.gallery.people), model=found.model)
        elif self._trouble is not None:
            log.info("the server is back", action="terminal.server_back")
        self._trouble = None
        self._held = (found or held[0], asked) if held is not None else (found, asked) if found is not None else None

    def _say(self, action: str, why: str, write: Callable[..., Any]) -> None:
        """Once for each trouble, not each minute."""
        if self._trouble != why:
            self._trouble = why
            write("no gallery from the server", action=action, why=why, held=self._held is not None)
