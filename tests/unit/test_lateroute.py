"""Routes that are made at their first use answer as those that are made at once."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel

from monitor.console.lateroute import LateRoute, add_late, every_route


class Seen(BaseModel):
    number: int


def app_of(kind: type[APIRoute]) -> FastAPI:
    api = APIRouter(prefix="/api", route_class=kind)

    @api.get("/things/{number}", response_model=Seen)
    def thing(number: int, plus: int = 0) -> dict[str, int]:
        """One of them."""
        return {"number": number + plus, "hidden": 1}

    @api.post("/things", status_code=201, name="made")
    async def make(seen: Seen) -> Seen:
        return seen

    app = FastAPI()
    app.router.routes += api.routes
    return app


def asked(app: FastAPI, method: str, path: str, body: Any = None) -> httpx.Response:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hall") as http:
            return await http.request(method, path, json=body)

    return asyncio.run(ask())


def made(app: FastAPI) -> list[bool]:
    return ["dependant" in vars(route) for route in app.routes if isinstance(route, LateRoute)]


REQUESTS = [
    ("GET", "/api/things/3", None),
    ("GET", "/api/things/3?plus=4", None),
    ("GET", "/api/things/three", None),
    ("POST", "/api/things", {"number": 5}),
    ("POST", "/api/things", {"number": "five"}),
    ("PUT", "/api/things", {}),
    ("HEAD", "/api/things/3", None),
    ("GET", "/api/nothing", None),
]


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
def test_the_answers_are_those_of_fastapis_own_routes(method: str, path: str, body: Any) -> None:
    answers = []
    for kind in (APIRoute, LateRoute):
        answer = asked(app_of(kind), method, path, body)
        answers.append((answer.status_code, answer.content, answer.headers.get("allow")))
    assert answers[0] == answers[1]


def test_a_request_makes_its_route_alone_and_the_description_makes_all() -> None:
    app = app_of(LateRoute)
    assert made(app) == [False, False]
    assert asked(app, "GET", "/api/things/3").is_success
    assert made(app) == [True, False]
    assert app.openapi() == app_of(APIRoute).openapi()
    assert made(app) == [True, True]


def test_addresses_are_known_before() -> None:
    app = app_of(LateRoute)
    assert [str(app.url_path_for("thing", number=3)), str(app.url_path_for("made"))] == ["/api/things/3", "/api/things"]
    assert made(app) == [False, False]


def test_threads_that_ask_at_once_find_it_made_once() -> None:
    begun, told = threading.Barrier(8), []

    def unique(route: Any) -> str:
        told.append(route)
        return "one"

    def ask(route: APIRoute) -> Any:
        begun.wait()
        return route.dependant

    route = LateRoute("/one", endpoint=lambda: None, generate_unique_id_function=unique)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(ask, [route] * 8))
    assert len(told) == 1
    assert all(one is route.dependant for one in found)


def test_a_wrong_declaration_is_told_to_each_that_asks() -> None:
    def wrong(what: threading.Lock) -> None: ...

    route = LateRoute("/one", endpoint=wrong)
    for _ in range(2):
        with pytest.raises(Exception, match="Invalid args"):
            route.dependant  # noqa: B018 - asked for


def test_what_no_route_has_is_missed() -> None:
    route = LateRoute("/one", endpoint=lambda: None)
    assert not hasattr(route, "colour")
    assert route.dependant is not None
    assert not hasattr(route, "colour")


def app_with_late(added: list[str]) -> FastAPI:
    """Two routes of its own, and below /api/late, which is asked between them, what `added` tells was made."""
    api = APIRouter(prefix="/api", route_class=LateRoute)

    def add(router: APIRouter, given: list[str]) -> None:
        given.append("late")
        router.get("/late")(lambda: "all")
        router.post("/late/{name}")(lambda name: f"made {name}")
        router.get("/late/{name}")(lambda name: f"seen {name}")

    api.get("/early")(lambda: "early")
    add_late(api, add, added, "/late")
    api.get("/{name}")(lambda name: f"any {name}")
    app = FastAPI()
    app.router.routes += api.routes
    return app


LATE = [
    ("GET", "/api/early", 200, "early", []),
    ("GET", "/api/later", 200, "any later", []),
    ("GET", "/api/late", 200, "all", ["late"]),
    ("GET", "/api/late/", 307, None, ["late"]),
    ("GET", "/api/late/one", 200, "seen one", ["late"]),
    ("POST", "/api/late/one", 200, "made one", ["late"]),
    ("PUT", "/api/late/one", 405, None, ["late"]),
    ("GET", "/api/late/one/more", 404, None, ["late"]),
]


@pytest.mark.parametrize(("method", "path", "status", "said", "made"), LATE)
def test_routes_below_a_path_are_made_by_the_first_that_asks_for_one(
    method: str, path: str, status: int, said: str | None, made: list[str]
) -> None:
    added: list[str] = []
    app = app_with_late(added)
    for _ in range(2):
        answer = asked(app, method, path)
        assert (answer.status_code, answer.json() if said else None) == (status, said)
        assert added == made
    assert answer.headers.get("allow") == ("POST" if status == 405 else None)
    assert answer.headers.get("location") == ("http://hall/api/late" if status == 307 else None)


def test_late_routes_are_in_the_list_of_every_route_in_their_place() -> None:
    paths = [route.path for route in every_route(app_with_late([]).routes) if isinstance(route, LateRoute)]
    assert paths == ["/api/early", "/api/late", "/api/late/{name}", "/api/late/{name}", "/api/{name}"]


def test_a_late_route_that_nobody_would_find_is_told() -> None:
    def add(router: APIRouter, _: None) -> None:
        router.get("/laterer")(lambda: "")

    api = APIRouter(prefix="/api", route_class=LateRoute)
    add_late(api, add, None, "/late", "/later")
    with pytest.raises(ValueError, match="'/api/laterer'"):
        list(every_route(api.routes))
