"""The API against its own OpenAPI: schemathesis sends what the schema allows and what it does not, over real HTTP.

Nothing is drawn anew from run to run (`derandomize`); `make test` sends a few of each, `make test-long` many.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.core.failures import FailureGroup

from tests.integration.test_roles_routes import ROUTES
from tests.people_at_work import PLACES
from tests.walked import Walk, walked

PARTS: Final = 4
FEW, MANY = 2, 60
BARE: Final = ("/healthz", "/readyz", "/metrics")
CHECKED: Final = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "unsupported_method", "allow_header_conformance", "ignored_auth",
)  # fmt: skip
OF_BAD: Final = ("negative_data_rejection", "missing_required_header")
VERBS: Final = ("get", "post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    with walked(tmp_path_factory.mktemp("walk")) as running:
        yield running


def described(walk: Walk) -> dict[str, Any]:
    found: dict[str, Any] = walk.http.get("/openapi.json").json()
    return found


def operations(found: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in found["paths"].items():
        for verb, operation in methods.items():
            assert verb in VERBS
            yield verb.upper(), path, operation


# --------------------------------------------------------------------------- the description itself


def test_the_description_is_valid(walk: Walk) -> None:
    found = described(walk)
    assert found["openapi"].startswith("3.1")
    schemathesis.openapi.from_dict(found).validate()


def test_every_route_says_what_it_does_and_answers(walk: Walk) -> None:
    problem = {"$ref": "#/components/schemas/Problem"}
    for verb, path, operation in operations(described(walk)):
        where = f"{verb} {path}"
        assert operation.get("summary"), where
        if path in BARE:
            continue
        assert operation.get("description"), where
        answers = operation["responses"]
        good = [answer for status, answer in answers.items() if status < "300"]
        assert good, where
        assert all(answer.get("content") for answer in good), where
        if path.startswith("/api/v1/"):
            shapes = [media["schema"] for answer in good for media in answer["content"].values()]
            assert all("$ref" in json.dumps(shape) or shape.get("format") == "binary" for shape in shapes), where
            assert operation["security"] == [{"token": []}], where
            assert answers.keys() >= {"401", "403", "422", "503"}, where
            for status, answer in answers.items():
                if status >= "400":
                    assert answer["content"]["application/json"]["schema"] == problem, (where, status)
        if "requestBody" in operation and not path.startswith("/kiosk/"):
            assert "413" in answers, where


def test_an_error_has_one_shape_wherever_it_comes_from(walk: Walk) -> None:
    duty = walk.bearers["duty_supervisor"]
    wrong = {
        "no token": walk.http.get("/api/v1/cards"),
        "no route": walk.http.get("/api/v1/nothing", headers=duty),
        "no method": walk.http.request("DELETE", "/api/v1/cards", headers=duty),
        "no number": walk.http.get("/api/v1/cards/x", headers=duty),
        "no such card": walk.http.get("/api/v1/cards/990099", headers=duty),
        "not the role": walk.http.post("/api/v1/cards/990099/withdraw", headers=duty, json={"reason": "x"}),
        "no JSON": walk.http.post("/api/v1/cards/990099/ack", headers=duty, content=b"{"),
        "no plans": walk.http.post("/api/v1/plans", headers=duty, json={"leave": [{"id": "x"}]}),
    }
    said = {name: (answer.status_code, answer.json()) for name, answer in wrong.items()}
    said["too long"] = announced(walk, "/api/v1/plans", duty, 999_999_999)
    for name, (status, body) in said.items():
        assert 400 <= status < 500, name
        assert list(body) == ["detail", "code", "field"], name
        assert isinstance(body["detail"], str), name
        assert body["detail"], name


def announced(walk: Walk, path: str, headers: dict[str, str], length: int) -> tuple[int, Any]:
    """What is answered to the head of a request alone, which says that so much follows."""
    asking = http.client.HTTPConnection(walk.url.removeprefix("http://"), timeout=30)
    asking.putrequest("POST", path)
    for name, value in {**headers, "Content-Length": str(length)}.items():
        asking.putheader(name, value)
    asking.endheaders()
    answer = asking.getresponse()
    found = answer.status, json.loads(answer.read())
    asking.close()
    return found


# --------------------------------------------------------------------------- sent for real


@pytest.mark.parametrize("part", range(PARTS))
def test_what_the_schema_allows_and_what_it_does_not(walk: Walk, part: int) -> None:
    assert faults(walk, FEW, part) == []


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
def test_the_same_with_many_more(walk: Walk, part: int) -> None:
    assert faults(walk, MANY, part) == []


def faults(walk: Walk, examples: int, part: int) -> list[str]:
    """What breaks the contract, a line each."""
    found = described(walk)
    schema = schemathesis.openapi.from_dict(found)
    schema.config.update(base_url=walk.url)
    said: list[str] = []
    for index, (verb, path, _) in enumerate(sorted(operations(found), key=lambda one: one[:2])):
        if index % PARTS != part or path in BARE:
            continue
        operation = schema[path][verb]
        for ids in ({}, ids_of(walk, verb, path)):
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE) if not ids else (GenerationMode.POSITIVE,):
                said += _sent(walk, operation, f"{verb} {path}", mode, ids, examples)
            if not ids_of(walk, verb, path):
                break
    return said


def ids_of(walk: Walk, verb: str, path: str) -> dict[str, Any]:
    """What there is in the bearer's reach, for the parameters of the path that name something."""
    way = ROUTES[f"{verb} {path}"]
    found = {name: walk.id(kind, next(iter(PLACES))) for name, kind in way.ids.items()}
    return found | ({"file": "77"} if "{file}" in path and found else {})


def bearer(walk: Walk, route: str) -> dict[str, str]:
    way = ROUTES[route]
    return walk.bearers[[*way.may, *way.tokens][0]] if way.kind == "api" else {}


def _sent(
    walk: Walk, operation: Any, route: str, mode: GenerationMode, ids: dict[str, Any], examples: int
) -> list[str]:
    names = CHECKED + (OF_BAD if mode is GenerationMode.NEGATIVE else ())
    checks = CHECKS.get_by_names(names)
    said: list[str] = []
    asking = {"generation_mode": mode, **({"path_parameters": ids} if ids else {})}

    @settings(
        max_examples=examples, derandomize=True, database=None, deadline=None, report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(**asking))
    def send(case: Any) -> None:
        case.call_and_validate(base_url=walk.url, headers=bearer(walk, route), checks=checks, timeout=30)

    try:
        send()
    except FailureGroup as group:
        said += [f"{route} {mode.value}: {type(one).__name__}: {one}" for one in group.exceptions]
    except Unsatisfiable:  # nothing can be sent that the schema does not allow
        assert mode is GenerationMode.NEGATIVE, route
    return said
