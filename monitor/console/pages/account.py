"""One's own account (我的账户): sessions, password, language; and for administrators who is signed in."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from monitor.console.cards import INT64
from monitor.console.deps import Deps
from monitor.console.pages.devices import PLAIN, SEE_OTHER, filter_of
from monitor.console.pages.frame import may, page
from monitor.console.pages.languages import language_of
from monitor.console.pages.session import require_own_form, require_person, visitor_of, way_in
from monitor.model import Registry
from monitor.store import users
from monitor.store.signin import password_of
from monitor.supervision import passwords
from monitor.supervision.reach import halls_within
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Locked, Signed
from monitor.supervision.websessions import Session, end_all, end_others, end_session, sessions
from monitor.wording import words
from monitor.wording.agents import agent_text
from monitor.wording.render import pick

Word = Annotated[str, Form(max_length=1000)]
Number = Annotated[int, Form(ge=1, le=INT64)]
Name = Annotated[str, Form(max_length=100, pattern=PLAIN)]
PASSWORD: Final = "password"


def add_account(pages: APIRouter, deps: Deps) -> None:
    _add_me(pages, deps)
    _add_password(pages, deps)
    _add_everybody(pages, deps)


def _add_me(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps)

    @pages.get("/me")
    def me(request: Request, done: str = filter_of(), signed: Signed = Depends(person)) -> Response:
        return _me(request, deps, signed, done=done)

    @pages.post("/me/sessions/end")
    def end_one(request: Request, number: Number, csrf: Word = "", signed: Signed = Depends(person)) -> Response:
        """One of one's own; ending the present one leads to the form."""
        require_own_form(request, signed, {"csrf": csrf})
        now = way_in(deps).now()
        deps.store.step(lambda conn: _end_own(conn, number, signed, now))
        return RedirectResponse("/me?done=ended", SEE_OTHER)

    @pages.post("/me/sessions/end-others")
    def end_the_others(request: Request, csrf: Word = "", signed: Signed = Depends(person)) -> Response:
        require_own_form(request, signed, {"csrf": csrf})
        now = way_in(deps).now()
        deps.store.step(lambda conn: end_others(conn, signed.number, actor=signed.person, now=now))
        return RedirectResponse("/me?done=others", SEE_OTHER)


def _end_own(conn: Any, number: int, signed: Signed, now: Any) -> None:
    """On this page an administrator ends their own too, nobody else's."""
    whose = end_session(conn, number, actor=signed.person, now=now)
    if whose != signed.person.id:
        raise Refused("没有此登录 there is no such session", sort="missing")


def _me(
    request: Request, deps: Deps, signed: Signed, *, done: str = "", fault: str = "", status: int = 200
) -> Response:
    now = way_in(deps).now()
    with deps.store.read() as conn:
        mine = sessions(conn, now, idle_of(deps), signed.person.id)
        registry = deps.registry.get(conn)
        kept = password_of(conn, signed.person.id)
    zone = zone_of(registry, signed)
    lang = language_of(request)
    return page(
        request, "me.html", status, signed=signed, done=done, fault=fault, least=passwords.LEAST,
        sessions=[_view(one, signed, zone, lang) for one in mine], has_password=kept is not None,
        password_set=kept.set_at.astimezone(zone) if kept is not None else None,
        role=pick(words.ROLES.get(signed.person.role, (signed.person.role,) * 2), lang),
        halls=list(halls_within(registry, signed.person).values()), idle=deps.console.idle_minutes,
        hours=deps.console.session_hours, may_all=may(signed, "people:write"),
    )  # fmt: skip


def _add_password(pages: APIRouter, deps: Deps) -> None:
    @pages.post("/me/password")
    def change(
        request: Request,
        present: Word = "",
        password: Word = "",
        again: Word = "",
        csrf: Word = "",
        signed: Signed = Depends(require_person(deps)),
    ) -> Response:
        """With the present one; all other sessions end. Nothing slow is done in a transaction."""
        require_own_form(request, signed, {"csrf": csrf})
        user = signed.person.id
        try:
            if password != again:
                raise Refused("两次输入的口令不同 the two passwords differ")
            passwords.require_good(password, (user,))
            way_in(deps).confirm(user, present, visitor_of(request))
            if present == password:
                raise Refused("新口令与现用口令相同 the new password is the present one")
        except Locked as error:
            return _me(request, deps, signed, fault=error.text, status=429)
        except Refused as error:
            return _me(request, deps, signed, fault=error.text, status=422)
        digest, now = passwords.digest_of(password), way_in(deps).now()
        deps.store.step(
            lambda conn: passwords.set_password(conn, user, digest, actor=signed.person, now=now, but=signed.number)
        )
        return RedirectResponse("/me?done=password", SEE_OTHER)


def _add_everybody(pages: APIRouter, deps: Deps) -> None:
    person = require_person(deps, "people:write")

    @pages.get("/sessions")
    def everybody(request: Request, done: str = filter_of(), signed: Signed = Depends(person)) -> Response:
        """Who is signed in, by user."""
        now = way_in(deps).now()
        with deps.store.read() as conn:
            found = sessions(conn, now, idle_of(deps))
            rows = {one.user: users.find(conn, one.user) for one in found}
            registry = deps.registry.get(conn)
        zone, lang = zone_of(registry, signed), language_of(request)
        people: dict[str, list[dict[str, Any]]] = {}
        for one in found:
            people.setdefault(one.user, []).append(_view(one, signed, zone, lang))
        shown = [
            {"user": user, "name": _name(rows[user], user), "role": _role(rows[user], lang), "sessions": people[user]}
            for user in sorted(people)
        ]
        return page(request, "sessions.html", signed=signed, people=shown, done=done, idle=deps.console.idle_minutes)

    @pages.post("/sessions/end")
    def end(request: Request, number: Number, csrf: Word = "", signed: Signed = Depends(person)) -> Response:
        require_own_form(request, signed, {"csrf": csrf})
        now = way_in(deps).now()
        deps.store.step(lambda conn: end_session(conn, number, actor=signed.person, now=now))
        return RedirectResponse("/sessions?done=ended", SEE_OTHER)

    @pages.post("/sessions/end-all")
    def end_of_user(request: Request, user: Name, csrf: Word = "", signed: Signed = Depends(person)) -> Response:
        require_own_form(request, signed, {"csrf": csrf})
        now = way_in(deps).now()
        deps.store.step(lambda conn: end_all(conn, user, actor=signed.person, now=now))
        return RedirectResponse("/sessions?done=all", SEE_OTHER)


def _view(one: Session, signed: Signed, zone: ZoneInfo, lang: Any) -> dict[str, Any]:
    return {
        "number": one.number,
        "created": one.created.astimezone(zone),
        "seen": one.seen.astimezone(zone),
        "expires": one.expires.astimezone(zone),
        "address": one.address,
        "agent": agent_text(one.agent, lang),
        "agent_full": one.agent,
        "by": "" if one.by == PASSWORD else one.by,
        "this": one.number == signed.number,
    }


def idle_of(deps: Deps) -> timedelta:
    return timedelta(minutes=deps.console.idle_minutes)


def zone_of(registry: Registry, signed: Signed) -> ZoneInfo:
    """Of their first hall."""
    return registry.zone_of(next(iter(halls_within(registry, signed.person)), None))


def _name(row: Any, user: str) -> str:
    return str(row.name or user) if row is not None else user


def _role(row: Any, lang: Any) -> str:
    return pick(words.ROLES.get(row.role, (row.role, row.role)), lang) if row is not None else ""
