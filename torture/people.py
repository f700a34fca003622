"""People who work the cards over HTTP meanwhile (值班员、单位、监察长).

What becomes of a card is drawn from the seed by its subject and rule, whenever and however often they come to it, so
that both runs are worked alike. During the day cards are acknowledged and answered, and bad ratings carried through
their whole follow-up; what may still rise to another level, and is open again then, is appealed, withdrawn and closed
in the evening.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urljoin

import httpx

from torture.world import World

OPERATORS: Final = ("device.", "feed.", "unknown.", "calendar.", "order.")
"""Cards about machines; and of orders, which are their cards' own."""
ROUND_SECONDS: Final = 0.4
REASON: Final = "已核实，按规定办理"


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """`who` does `step` to a card, given `body` beside the reason."""

    step: str
    who: str
    body: Mapping[str, Any]


def _step(step: str, who: str, **body: Any) -> Step:
    return Step(step=step, who=who, body=body)


ACK, ANSWER = _step("ack", "duty"), _step("answer", "unit")
APPEAL, GRANT, UPHOLD = (
    _step("appeal", "unit"),
    _step("review", "head", granted=True),
    _step("review", "head", granted=False),
)
CLOSE = _step("close", "duty", result="explained")
FOUNDED, MISJUDGED = _step("verify", "duty", finding="founded"), _step("verify", "duty", finding="misjudged")
RECTIFY, CALL_BACK = _step("rectify", "unit"), _step("call-back", "duty", satisfied=True)

ROADS: Final = ("founded", "misjudged", "upheld", "answered", "granted", "closed", "left alone", "acknowledged")


def road_of(seed: int, card: Mapping[str, Any]) -> str:
    """Where a card is led, by subject and rule."""
    name = f"{seed}/{card['subject']['kind']}:{card['subject']['id']}/{card['rule']}"
    return ROADS[hashlib.sha256(name.encode()).digest()[0] % len(ROADS)]


def next_step(road: str, card: Mapping[str, Any], *, evening: bool) -> Step | None:
    """What is to be done with the card as it stands; None: nothing now."""
    rating, state = card["rule"] == "rating.bad", card["state"]
    whole, events = rating or evening, [entry["event"] for entry in card["history"]]
    if state == "withdrawn" or road == "left alone":
        return None
    if road == "founded" and rating:
        if state == "closed":
            return None
        after = {"called_back": CLOSE, "rectified": CALL_BACK, "verified": RECTIFY}
        return next((step for event, step in after.items() if event in events), FOUNDED)
    if road == "misjudged" and rating:
        return MISJUDGED if state != "closed" else None
    if "appealed" in events and "upheld" not in events:
        return GRANT if road == "granted" else UPHOLD
    if whole and road in ("upheld", "granted") and "appealed" not in events:
        return APPEAL
    if state == "open":
        return ACK
    if state == "acknowledged" and road != "acknowledged":
        return ANSWER
    if state == "answered" and whole and road in ("closed", "founded"):
        return CLOSE
    return None


class People:
    """`go` begins, `evening` ends it. A step that a fault swallowed is asked for again under the same key."""

    def __init__(self, world: World, seed: int) -> None:
        self._world, self._seed = world, seed
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="people", daemon=True)
        self._turn = 0
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def go(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(30)

    def evening(self) -> int:
        """A round over all cards, everything now; how many steps were taken. To be called until it is none."""
        return self._round(evening=True)

    def _work(self) -> None:
        while not self._stop.wait(ROUND_SECONDS):
            self._round(evening=False)

    def _round(self, *, evening: bool) -> int:
        names = list(self._world.daemons)
        self._turn += 1
        base = f"{self._world.url(names[self._turn % len(names)])}/api/v1"
        taken = 0
        try:
            for card in self._cards(base):
                if self._stop.is_set() and not evening:
                    break
                step = next_step(road_of(self._seed, card), card, evening=evening)
                if step is not None:
                    taken += self._take(base, card, step)
        except httpx.HTTPError:
            self.refused["no answer"] += 1
            taken += int(evening)  # there may be more to do
        return taken

    def _cards(self, base: str) -> list[dict[str, Any]]:
        """Yellow and red cards about people, windows and cases."""
        found: list[dict[str, Any]] = []
        url: str | None = f"{base}/cards?limit=500"
        while url is not None:
            answer = self._world.http.get(url, headers=self._token("head")).raise_for_status()
            found += answer.json()
            url = urljoin(base, answer.links["next"]["url"]) if "next" in answer.links else None
        return [c for c in found if c["level"] != "reminder" and not c["rule"].startswith(OPERATORS)]

    def _take(self, base: str, card: Mapping[str, Any], step: Step) -> int:
        key = f"{card['number']}-{len(card['history'])}-{step.step}"
        answer = self._world.http.post(
            f"{base}/cards/{card['number']}/{step.step}",
            headers={**self._token(step.who), "Idempotency-Key": key},
            json={"reason": REASON, **step.body},
        )
        if answer.status_code == 200:
            self.done[step.step] += 1
            return 1
        self.refused[f"{answer.status_code} {step.step}"] += 1
        return 0

    def _token(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._world.tokens[who]}"}
