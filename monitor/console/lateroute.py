"""Routes that are made when they are first asked for: a start waits for none of two hundred (`LateRoute`), and what
few ever open is not even loaded (`add_late`).

FastAPI reads a route's parameters, models and errors when the route is declared: two thousandths of a second each, half
a second for all, of which most are not asked for in a day. What finds a route (path, methods) is known at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Final, TypeVar

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match, compile_path, get_name
from starlette.types import Receive, Scope, Send

T = TypeVar("T")
_MAKING: Final = threading.RLock()
"""A request is served by one thread, the description of the API is read by another."""


class LateRoute(APIRoute):
    """For `APIRouter(route_class=…)`. What is wrong with a declaration is raised by the first that asks for it: a
    request, or the description of the API, which asks for every one.
    """

    def __init__(
        self, path: str, endpoint: Callable[..., Any], *, methods: Iterable[str] | None = None, **declared: Any
    ) -> None:
        self.path, self.endpoint, self.name = path, endpoint, declared.get("name") or get_name(endpoint)
        self.path_regex, self.path_format, self.param_convertors = compile_path(path)
        self.methods = {method.upper() for method in methods or ["GET"]}
        self.include_in_schema = declared.get("include_in_schema", True)
        self._make = partial(super().__init__, path, endpoint, methods=self.methods, **declared)

    def __getattr__(self, name: str) -> Any:
        """Called for what is not there yet."""
        with _MAKING:
            if name in self.__dict__:  # another thread has just made it
                return self.__dict__[name]
            make = self.__dict__.pop("_make", None)
            if make is None:
                raise AttributeError(f"{type(self).__name__} has no {name}")
            try:
                make()
            except BaseException:
                self._make = make
                raise
        return getattr(self, name)


class LateRoutes(BaseRoute):
    """All routes below some paths, on a router that `make` gives; no route that comes after is found there.

    It is called once, by the first that asks for one of them, and in a thread: it loads modules, which takes up to a
    fifth of a second, and others are served meanwhile.

    Raises ValueError if one of them lies elsewhere: nobody would find it.
    """

    def __init__(self, paths: Sequence[str], make: Callable[[], APIRouter]) -> None:
        self._below, self._make = tuple(f"{path}/" for path in paths), make
        self._made: APIRouter | None = None

    @property
    def routes(self) -> Sequence[BaseRoute]:
        return self._router().routes

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.FULL if scope["type"] == "http" and self._has(scope["path"]) else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        router = self._made
        if router is None:
            router = await run_in_threadpool(self._router)
        await router(scope, receive, send)

    def _router(self) -> APIRouter:
        with _MAKING:
            if self._made is None:
                made = self._make()
                astray = [
                    path for path in (getattr(one, "path", str(one)) for one in made.routes) if not self._has(path)
                ]
                if astray:
                    raise ValueError(f"not below {self._below}: {astray}")
                self._made = made
            return self._made

    def _has(self, path: str) -> bool:
        return f"{path}/".startswith(self._below)


def add_late(router: APIRouter, add: Callable[[APIRouter, T], None], given: T, *paths: str) -> None:
    """Have `add` put its routes on a router like this one when something below these paths is first asked for."""

    def make() -> APIRouter:
        inner = APIRouter(
            prefix=router.prefix, route_class=router.route_class, include_in_schema=router.include_in_schema
        )
        add(inner, given)
        return inner

    router.routes.append(LateRoutes([router.prefix + path for path in paths], make))


def every_route(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    """With those that are late, in the order in which they are looked through."""
    for route in routes:
        yield from route.routes if isinstance(route, LateRoutes) else [route]
