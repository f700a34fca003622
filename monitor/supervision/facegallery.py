"""The gallery of a terminal (终端比对库): the vectors of the people whom it serves, over HTTP, each answer audited."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row

from monitor.attendance.facepolicy import FacePolicy
from monitor.model import Registry
from monitor.store import audit, faces
from monitor.store.cipher import Unreadable
from monitor.store.facekeys import KeyStore
from monitor.store.facts.slots import people_of
from monitor.supervision.refused import Refused
from monitor.supervision.tokens import Grant

FETCHED: Final = "face.gallery"
"""Action of the audit rows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """What a terminal may have: rows still sealed, with the keys that open them. `tag` changes whenever they do."""

    device: str
    rows: tuple[tuple[Row[Any], bytes], ...]
    model: str | None
    version: str | None
    policy: FacePolicy
    tag: str


def device_of(registry: Registry, grant: Grant, asked: str | None) -> str:
    """The terminal whose token this is. Raises Refused: another device was asked for, or it is no terminal any more."""
    device = next(iter(grant.devices), "")
    known = registry.devices.get(device)
    if asked is not None and asked not in grant.devices:
        raise Refused(
            f"device: 此令牌属于 {device}，不属于 this token is that of {device}, not of {asked[:64]!r}: "
            "make one by `jiancha terminal token`",
            field="device",
            sort="role",
        )
    if known is None or known.kind != "terminal":
        raise Refused(f"device: {device} 不是在用的终端 is no terminal in service", field="device", sort="role")
    return device


def offer(conn: Connection, registry: Registry, keys: KeyStore, policy: FacePolicy, device: str) -> Offer:
    """What the terminal may have now; nothing is opened. The model is that of most faces of the whole store; whoever
    was enrolled with another, or whose key is gone, is left out. Raises BadKeyStore.
    """
    everybody = faces.all_of_them(conn)
    known = keys.all() if everybody else {}
    model, version = faces.model_of_most(everybody) or (None, None)
    served = set(people_of(registry, device))
    rows = tuple(
        (row, known[row.key])
        for row in everybody
        if row.staff in served and row.key in known and (row.model, row.version) == (model, version)
    )
    told = [device, model, version, policy.model_dump(mode="json"), [[row.staff, row.key] for row, _ in rows]]
    tag = hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()[:32]
    return Offer(device=device, rows=rows, model=model, version=version, policy=policy, tag=tag)


def opened(conn: Connection, offered: Offer, *, actor: str, now: datetime) -> dict[str, Any]:
    """The answer {"device","model","version","policy","people":[{"staff","count","vectors"}]}, and its audit row.

    `vectors`: base64 of `count` vectors one after another, float32, little-endian. Whose row a key does not open is
    left out. The caller commits before it answers: no vector leaves without its row.
    """
    people = []
    for row, key in offered.rows:
        try:
            vectors = faces.unseal(key, row)
        except Unreadable:
            continue
        packed = base64.b64encode(faces.packed(vectors)).decode()
        people.append({"staff": row.staff, "count": len(vectors), "vectors": packed})
    body = {"people": len(people), "model": f"{offered.model}@{offered.version}" if people else None,
            "tag": offered.tag}  # fmt: skip
    audit.record(conn, now, actor, FETCHED, "device", offered.device, body)
    return {"device": offered.device, "model": offered.model, "version": offered.version,
            "policy": offered.policy.model_dump(mode="json"), "people": people}  # fmt: skip
