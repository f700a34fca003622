"""A kiosk's server whose answers are written down beforehand: the real page and its content policy, a scripted
/kiosk/api. For the page's own states; what the program does with it is tested against the program.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse

from monitor.console.pages.kiosk import add_kiosk
from monitor.console.pages.statics import add_static
from monitor.console.server import HttpServer

TOKEN: Final = "jct_test"
CONFIG: Final = {
    "device": "k1", "hall": "h1", "hall_name": "县政务服务中心", "zone": "Asia/Shanghai", "one_to_many": False,
    "faces": True, "pin": True, "challenge": True, "step_seconds": 8.0, "kept_most": 500,
}  # fmt: skip
LOOK: Final = {"state": "looking", "reason": "face.nobody", "text": "没有看到人脸，请正对镜头。"}
TURN: Final = {
    "state": "challenge", "reason": "face.act.turn_left", "text": "请慢慢向您的左边转头，停一秒，再转回来。",
    "action": "turn_left", "left_seconds": 6.5,
}  # fmt: skip
ACCEPTED: Final = {
    "state": "accepted", "reason": "face.accepted", "text": "识别通过。", "staff": "s-001", "name": "张建国",
}  # fmt: skip
DOUBTED: Final = {
    "state": "doubted", "reason": "face.challenge_failed", "text": "没有看到所要求的动作，本次签到转人工复核。",
}  # fmt: skip
UNKNOWN: Final = {"state": "unknown", "reason": "face.unknown", "text": "没有认出，请用密码或刷卡签到。"}
FAILED: Final = {"state": "failed", "reason": "face.timed_out", "text": "30 秒内没有看清人脸，请重试，或用密码签到。"}
DONE: Final = {"state": "done", "staff": "s-001", "name": "张建国", "method": "face"}
REVIEW: Final = {"state": "review", "method": "face"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A request as it came. `body`: the JSON, or the picture's bytes."""

    path: str
    body: Any
    headers: dict[str, str]


@dataclass
class FakeKiosk:
    """`frames`: what the next pictures are answered, the last again and again. `says["pin"]`: (status, body) for the
    next ones, then 200. `ahead`: how far its clock is from the kiosk's. `most_at_once`: pictures under way together.
    """

    config: dict[str, Any] = field(default_factory=lambda: dict(CONFIG))
    frames: list[dict[str, Any]] = field(default_factory=list)
    says: defaultdict[str, deque[tuple[int, dict[str, Any]]]] = field(default_factory=lambda: defaultdict(deque))
    confirmed: dict[str, Any] = field(default_factory=lambda: dict(DONE))
    asked: list[Asked] = field(default_factory=list)
    ahead: timedelta = timedelta()
    most_at_once: int = 0
    _at_once: int = 0

    def __post_init__(self) -> None:
        app = FastAPI()
        pages, api = APIRouter(), APIRouter(prefix="/kiosk/api")
        add_static(pages)
        add_kiosk(pages, SimpleNamespace(https_port=8643))  # type: ignore[arg-type]  # all it takes of them
        api.add_api_route("/{path:path}", self._answer, methods=["GET", "POST"])
        app.include_router(api)
        app.include_router(pages)
        self._server = HttpServer(app)

    def start(self) -> FakeKiosk:
        self._server.start()
        return self

    def stop(self) -> None:
        self._server.stop()

    @property
    def url(self) -> str:
        return self._server.url

    def of(self, path: str) -> list[Asked]:
        return [one for one in list(self.asked) if one.path == path]

    async def _answer(self, request: Request, path: str) -> Response:
        raw = await request.body()
        is_json = request.headers.get("content-type") == "application/json" and raw
        name = path.rsplit("/", 1)[-1]
        body = json.loads(raw) if is_json else raw
        self.asked.append(Asked(path=name, body=body, headers=dict(request.headers)))
        self._at_once += name == "frame"
        self.most_at_once = max(self.most_at_once, self._at_once)
        await asyncio.sleep(0.02 if name == "frame" else 0)  # two at once would meet here
        self._at_once -= name == "frame"
        return self._answered(request, name, body)

    def _answered(self, request: Request, name: str, body: Any) -> Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return self._json(401, {"detail": "this token is unknown or revoked"})
        if self.says[name]:
            return self._json(*self.says[name].popleft())
        return self._json(*self._usual(name, body))

    def _usual(self, name: str, body: Any) -> tuple[int, dict[str, Any]]:
        match name:
            case "config":
                return 200, self.config
            case "attempts":
                return 201, {"id": body["id"], "state": "looking", "reason": "face.look", "text": "请正对镜头。"}
            case "frame":
                return 200, self.frames.pop(0) if len(self.frames) > 1 else self.frames[0]
            case "confirm":
                return 200, {**self.confirmed, "at": "2026-11-29T08:25:00+08:00"}
            case "pin" | "kept":
                return 200, {
                    **DONE,
                    "at": body["at"],
                    "staff": body["staff"],
                    "method": "pin" if name == "pin" else "face",
                }
            case _:
                return 200, {}

    def _json(self, status: int, body: dict[str, Any]) -> Response:
        now = datetime.now(UTC) + self.ahead
        return JSONResponse({"now": now.isoformat(), **body}, status_code=status)
