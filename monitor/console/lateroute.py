"""Routes that are made when they are first asked for: a start waits for none of two hundred.

FastAPI reads a route's parameters, models and errors when the route is declared: two thousandths of a second each, half
a second for all, of which most are not asked for in a day. What finds a route (path, methods) is known at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

from fastapi.routing import APIRoute
from starlette.routing import compile_path, get_name

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
