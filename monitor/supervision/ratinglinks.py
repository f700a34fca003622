"""Links by which a citizen rates once (评价链接, D03; 网上一事一评): made, looked at, taken with the rating.

The secret has 256 random bits and is stored nowhere; the row has its SHA-256. A link that there is not, one that is
over and one of a device out of service answer alike.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection

from monitor.access import Principal, Target, refusal
from monitor.model import Device, Registry
from monitor.store import audit
from monitor.store import ratinglinks as stored
from monitor.supervision.commands import require_known
from monitor.supervision.kioskplace import refused
from monitor.supervision.refused import Refused
from monitor.workcal.tables import from_micros

HOURS: Final = 72
MOST_HOURS: Final = 720
BOOT: Final = "web"
"""No heartbeat is of this boot: a rating by a link has the server's time, which nothing has to correct."""
PATH: Final = "/rate"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A link to be made: for which evaluator; `case` as NS/CASE, `window`, `staff` where the rating is to name them."""

    device: str
    case: str | None = None
    window: str | None = None
    staff: str | None = None
    hours: int = HOURS


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A link that can be used, or was (`used_at`)."""

    id: int
    digest: str
    device: Device
    window: str | None
    staff: str | None
    case: str | None
    """NS/CASE."""
    stage: Literal["accepted", "completed"] | None
    item: str | None
    at: datetime | None
    """When the case was completed, or received."""
    expires: datetime
    used_at: datetime | None

    @property
    def event(self) -> str:
        """Id of its rating: the same whenever it is sent."""
        return f"link-{self.digest[:40]}"


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def secret_for(bearer: str, key: str, body: bytes) -> str:
    """The secret of a link that is asked for with an Idempotency-Key: whoever asks again with the same token, key and
    body gets the same one, and nothing has to keep it. A token has 256 random bits and is not stored either.
    """
    told = hashlib.sha256(key.encode() + b"\n" + body).digest()
    made = hmac.new(bearer.encode(), b"rating-link\n" + told, hashlib.sha256).hexdigest()
    return made


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def create(
    conn: Connection, registry: Registry, wanted: Wanted, secret: str, *, actor: Principal, now: datetime
) -> dict[str, Any]:
    """Make the link; the caller commits. Gives {"id", "device", "window", "case", "expires"}. Raises Refused."""
    device = _device(registry, wanted.device, actor)
    place = _case(conn, device, wanted.case)
    window = wanted.window or (place.window if place is not None else None) or device.window
    require_known(registry, actor, window=wanted.window, staff=wanted.staff)
    place_of = registry.windows.get(window or "")
    for field, named, hall in (
        ("window", window, place_of.hall if place_of is not None else None),
        ("staff", wanted.staff, registry.hall_of_staff(wanted.staff)),
    ):
        if hall is not None and hall != device.hall:
            raise Refused(f"{named}: 不在设备所在大厅 lies in another hall than the device", field=field)
    if not 1 <= wanted.hours <= MOST_HOURS:
        raise Refused(f"1 – {MOST_HOURS}", field="hours")
    expires = now + timedelta(hours=wanted.hours)
    row = {
        "digest": digest(secret), "device": device.id, "window": window, "staff": wanted.staff,
        "case_key": wanted.case, "stage": _stage(place) if wanted.case else None, "created": now,
        "created_by": actor.id, "expires": expires,
    }  # fmt: skip
    number = stored.add(conn, row)
    told = {"device": device.id, "window": window, "case": wanted.case, "expires": expires.isoformat()}
    audit.record(conn, now, actor.id, "rating_link.created", "rating_link", str(number), told)
    return {"id": number, **told}


def _device(registry: Registry, device: str, actor: Principal) -> Device:
    """404 alike for one that there is not, that is out of service, and for one beyond reach."""
    known = registry.devices.get(device)
    place = Target(hall=known.hall, window=known.window, device=device) if known is not None else None
    no = refusal(actor, "ratings:collect", place)
    if no is not None and no.code != "access.out_of_reach":
        raise Refused.because(no)
    if known is None or no is not None:
        raise Refused(
            f"{device}: 没有在用的此设备 there is no such device in service: jiancha device list",
            field="device", sort="missing",
        )  # fmt: skip
    if not known.allows("rating"):
        raise Refused(
            f"{device}: 类别 kind {known.kind}，不接收评价 takes no ratings; 应为 evaluator is wanted", field="device"
        )
    return known


def _case(conn: Connection, device: Device, case: str | None) -> Any:
    if case is None:
        return None
    namespace, slash, number = case.partition("/")
    if not slash or not number:
        raise Refused(f"{case!r}: 应写作 write it as {device.case_namespace}/CASE", field="case")
    if namespace != device.case_namespace:
        raise Refused(
            f"{case!r}: 设备 {device.id} 的办件前缀是 the device's cases begin with {device.case_namespace}/",
            field="case",
        )
    if not stored.case_is_known(conn, case):
        raise Refused(f"{case!r}: 没有此办件 there is no such case", field="case", sort="missing")
    return stored.case_place(conn, case)


def _stage(place: Any) -> str:
    return "completed" if place is not None and place.end == "completed" else "accepted"


def look(conn: Connection, registry: Registry, secret: str, now: datetime) -> Link:
    """The link of a secret, used or not. Raises Refused (rating.no_link) for none, one that is over, one of a device
    that is out of service. A window or a person that the registry has not any more is left out.
    """
    row = stored.find(conn, digest(secret))
    device = registry.devices.get(row.device) if row is not None else None
    if row is None or device is None or not device.allows("rating") or row.expires <= now:
        raise refused("rating.no_link", sort="missing", field="secret")
    place = stored.case_place(conn, row.case_key) if row.case_key else None
    us = (place.ended_us or place.received_us) if place is not None else None
    return Link(
        id=row.id, digest=row.digest, device=device, case=row.case_key,
        window=row.window if row.window in registry.windows else None,
        staff=row.staff if row.staff in registry.staff else None,
        stage=row.stage, item=place.item if place is not None else None, at=from_micros(us) if us is not None else None,
        expires=row.expires, used_at=row.used_at,
    )  # fmt: skip


def require_unused(link: Link) -> None:
    if link.used_at is not None:
        raise refused("rating.used", sort="state")


def take(conn: Connection, link: Link, now: datetime) -> None:
    """In the transaction that stores the rating: of two at once one is refused (rating.used)."""
    if not stored.take(conn, link.id, now):
        raise refused("rating.used", sort="state")


def payload(link: Link, *, score: int, tags: list[str], comment: str | None, at: datetime) -> dict[str, Any]:
    """The rating as an evaluator would publish it (DESIGN §3.1)."""
    case = link.case.partition("/")[2] if link.case else None
    body = {
        "id": link.event, "at": at.isoformat(), "boot": BOOT, "score": score, "origin": "web", "window": link.window,
        "staff": link.staff, "case": case, "stage": link.stage, "tags": tags, "comment": comment,
    }  # fmt: skip
    return {name: value for name, value in body.items() if value not in (None, "", [])}
