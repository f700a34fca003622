"""The policy (规则): what is in force, its versions, two side by side."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from monitor.console.cards import INT64
from monitor.console.deps import Deps
from monitor.console.pages.actors import actors
from monitor.console.pages.devices import filter_of
from monitor.console.pages.frame import may, page
from monitor.console.pages.languages import language_of
from monitor.console.pages.policyview import (
    differences_view,
    in_force_view,
    sections_view,
    slots_view,
    targets,
    version_view,
)
from monitor.console.pages.session import require_person
from monitor.console.paging import cut
from monitor.store.schema import User
from monitor.store.sql import table_of
from monitor.supervision.policies import list_versions, named
from monitor.supervision.policyview import preset_of
from monitor.supervision.signin import Signed
from monitor.wording import policykeys as words
from monitor.wording.render import pick

USER: Final = table_of(User)
PAGE: Final = 20
NAME: Final = r"^[A-Za-z0-9._-]*$"


def target(name: str) -> Any:
    return Query(name, max_length=40, pattern=NAME)


def add_policy(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "settings:read")

    @pages.get("/policy")
    def policy(
        request: Request,
        q: str = filter_of(),
        differing: str = filter_of(),
        done: int | None = Query(None, ge=1, le=INT64),
        signed: Signed = Depends(person),
    ) -> Response:
        """All keys of the policy in force, by section; `q` searches key, meaning and row."""
        lang, found = language_of(request), deps.policies.current
        with deps.store.read() as conn:
            who = actors(conn, lang)
        preset = preset_of(found.policy)
        return page(
            request, "policy.html", signed=signed, found=in_force_view(found, who, lang), q=q,
            sections=sections_view(found.policy, lang, q, bool(differing)), differing=bool(differing), done=done,
            preset=pick(words.PRESETS[preset], lang), file_version=deps.policies.settings.policy.version,
            may_write=may(signed, "settings:write"),
        )  # fmt: skip

    @pages.get("/policy/versions")
    def versions(
        request: Request, before: int | None = Query(None, ge=1, le=INT64), signed: Signed = Depends(person)
    ) -> Response:
        """The newest first, 20 a page, each with what differs from the one before it."""
        lang = language_of(request)
        with deps.store.read() as conn:
            rows, last = cut(list_versions(conn, before, PAGE), PAGE)
            who = actors(conn, lang)
        return page(
            request, "policy_versions.html", signed=signed, rows=[version_view(row, who, lang) for row in rows],
            present=deps.policies.current.number, may_write=may(signed, "settings:write"),
            next=f"/policy/versions?before={last.number}" if last is not None else None,
            first="/policy/versions" if before is not None else None,
        )  # fmt: skip

    @pages.get("/policy/compare")
    def compare(
        request: Request,
        left: str = target("present"),
        right: str = target("default"),
        first: str = target(""),
        second: str = target(""),
        signed: Signed = Depends(person),
    ) -> Response:
        """Two side by side, only the keys that differ; `first`, `second`: attendance presets and their slots."""
        lang = language_of(request)
        presets = [deps.presets[name] for name in (first, second) if name in deps.presets]
        with deps.store.read() as conn:
            one, other = named(conn, deps.policies, left), named(conn, deps.policies, right)
            numbers = [row.number for row in list_versions(conn, None, PAGE)[:PAGE]]
        choices = targets(numbers, lang)
        word = dict(choices)
        return page(
            request, "policy_compare.html", signed=signed, left=left, right=right, choices=choices,
            left_word=word.get(left, left), right_word=word.get(right, right), left_version=one.version,
            right_version=other.version, rows=differences_view(one, other, lang), first=first, second=second,
            slot_choices=[
                (name, preset.title or name if lang == "zh" else name) for name, preset in sorted(deps.presets.items())
            ],
            presets=presets, slots=slots_view(presets, lang) if len(presets) == 2 else [],
        )  # fmt: skip
