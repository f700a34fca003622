"""Devices taken into service (新增设备), given another password, taken out of service (停用)."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection
from starlette.datastructures import FormData

from monitor.console.deps import Deps
from monitor.console.looking import look_of, looked
from monitor.console.pages.devices import ID, SEE_OTHER, words_of
from monitor.console.pages.deviceview import line_view
from monitor.console.pages.frame import page
from monitor.console.pages.languages import language_of
from monitor.console.pages.registryview import faults_view, said_for
from monitor.console.pages.session import require_own_form, require_person
from monitor.console.pages.uploads import read_upload, word
from monitor.console.registrywork import confirmed
from monitor.ingest.tables import InputErrors, tables_of
from monitor.model import CHANNELS, KIND_CHANNELS
from monitor.ops import passwords
from monitor.supervision import devices as commands
from monitor.supervision.commands import require_words
from monitor.supervision.devicelist import require_device
from monitor.supervision.reach import halls_within
from monitor.supervision.refused import Refused
from monitor.supervision.registrychange import require_registry
from monitor.supervision.revokeview import preview
from monitor.supervision.signin import Signed
from monitor.wording import devices as words
from monitor.wording.render import pick

NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
"""The id is the user name at the broker, and stands in topics."""
GIVEN: Final = ("id", "kind", "hall", "window", "serves", "namespace", "watermark")
Text = Annotated[str, Form(max_length=10_000)]


def add_device_work(pages: APIRouter, deps: Deps) -> None:
    _add_new(pages, deps)
    _add_password(pages, deps)
    _add_revoke(pages, deps)


def _add_new(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "settings:write")

    @pages.get("/devices/new")
    def new(request: Request, signed: Signed = Depends(person)) -> Response:
        return _form(deps, request, signed)

    @pages.post("/devices/new")
    async def add(request: Request, signed: Signed = Depends(person)) -> Response:
        """Its row and its password, which is shown once; with faults the form comes again (422)."""
        form = await read_upload(request, signed)
        return await run_in_threadpool(_added, deps, request, signed, form)


def _form(
    deps: Deps, request: Request, signed: Signed, *, given: dict[str, Any] | None = None,
    faults: list[dict[str, Any]] | None = None, fault: str = "",
) -> Response:  # fmt: skip
    require_registry(signed.person)
    with deps.store.read() as conn:
        registry = deps.registry.get(conn)
    language = language_of(request)
    halls = halls_within(registry, signed.person)
    windows = sorted((one.name or one.id, one.id, halls[one.hall]) for one in registry.windows.values())
    return page(
        request, "device_new.html", 422 if faults or fault else 200, signed=signed, fault=fault, faults=faults or [],
        given={**dict.fromkeys(GIVEN, ""), "channels": [], **(given or {})}, halls=list(halls.items()),
        windows=[(key, f"{name} · {hall}" if len(halls) > 1 else name) for name, key, hall in windows],
        kinds=[(key, pick(texts, language)) for key, texts in words.KINDS.items()],
        channels=[
            (key, pick(words.CHANNELS[key], language), [kind for kind, own in KIND_CHANNELS.items() if key in own])
            for key in CHANNELS
            if any(key in own for own in KIND_CHANNELS.values())
        ],
    )  # fmt: skip


def _added(deps: Deps, request: Request, signed: Signed, form: FormData) -> Response:
    given: dict[str, Any] = {name: word(form, name) for name in GIVEN}
    given["channels"] = [one for one in form.getlist("channels") if isinstance(one, str)][: len(CHANNELS)]
    device = given["id"]
    if not NAME.fullmatch(device):
        fault = (
            "设备编号：小写字母、数字与连字符，至多 64 字；即消息服务器上的用户名"
            " a device's id has small letters, digits and hyphens, 64 at most: it is the user name at the broker"
        )
        return _form(deps, request, signed, given=given, fault=fault)
    password = passwords.new_password()
    tables = tables_of({"devices": [{name: value for name, value in given.items() if value}]}, device)

    def work(conn: Connection) -> None:
        known = commands.is_known(conn, device)
        if known:
            raise Refused(f"设备 {device} 已登记，请在其页面操作 is in the registry already: see its page", field="id")
        confirmed(deps, conn, signed.person, tables, None, signed.person.id)
        commands.admit(conn, device, by="password", actor=signed.person.id, now=deps.clock.now())

    try:
        deps.store.step(work)
    except InputErrors as errors:
        with deps.store.read() as conn:
            said = said_for(conn, deps.registry.get(conn), language_of(request))
        return _form(deps, request, signed, given=given, faults=faults_view(errors, said))
    except Refused as error:
        if error.sort == "role":
            raise
        return _form(deps, request, signed, given=given, fault=error.text)
    deps.heard()
    return _secret(request, signed, device, password, new=True)


def _secret(request: Request, signed: Signed, device: str, password: str, *, new: bool) -> Response:
    """Shown once: the store has no password, the broker its digest."""
    return page(
        request, "device_secret.html", signed=signed, device=device, password=password,
        line=passwords.line_of(device, password), new=new, elsewhere=f"/devices/{device}",
    )  # fmt: skip


def _add_password(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "settings:write")

    @pages.post("/devices/{device}/password")
    def renew(request: Request, device: str = ID, csrf: Text = "", signed: Signed = Depends(person)) -> Response:
        """Another password, shown once; a device that was out of service comes back."""
        require_own_form(request, signed, {"csrf": csrf})
        password = passwords.new_password()

        def work(conn: Connection) -> None:
            look = look_of(deps, conn)
            require_device(look, deps.policy.device, signed.person, device, "settings:write")
            commands.admit(conn, device, by="password", actor=signed.person.id, now=look.now)

        deps.store.step(work)
        deps.heard()
        return _secret(request, signed, device, password, new=False)


def _add_revoke(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "settings:write")

    @pages.post("/devices/{device}/revoke")
    def revoke(
        request: Request, device: str = ID, reason: Text = "", confirmed: Text = "", csrf: Text = "",
        signed: Signed = Depends(person),
    ) -> Response:  # fmt: skip
        """First what it would mean; confirmed, it is out of service."""
        require_own_form(request, signed, {"csrf": csrf})
        if confirmed != "yes":
            return _preview(deps, request, signed, device, reason)
        require_words(reason)

        def work(conn: Connection) -> None:
            look = look_of(deps, conn)
            require_device(look, deps.policy.device, signed.person, device, "settings:write")
            commands.revoke(conn, device, actor=signed.person.id, why=reason.strip(), now=look.now)

        deps.store.step(work)
        deps.heard()
        return RedirectResponse(f"/devices/{device}?done=revoked", SEE_OTHER)


def _preview(deps: Deps, request: Request, signed: Signed, device: str, reason: str) -> Response:
    with looked(deps) as look:
        line = require_device(look, deps.policy.device, signed.person, device, "settings:write")
        found = preview(look, device)
        said = words_of(deps, request, look)
    fault = ""
    try:
        require_words(reason)
    except Refused as error:
        fault = error.text
    return page(
        request, "device_revoke.html", 422 if fault else 200, signed=signed, device=line_view(line, said), found=found,
        reason=reason, fault=fault, unwatched=[said.window(one) for one in found.unwatched],
        no_duty=[said.window(one) for one in found.no_duty],
        last_of=[said.word(words.CHANNELS, one) for one in found.last_of],
    )  # fmt: skip
