"""Faces and consents (人脸与同意): vectors are sealed with AES-256-GCM, one key a face, the key lies elsewhere."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update

from monitor.store import frames
from monitor.store.cipher import Unreadable, opened, sealed
from monitor.store.schema import FaceConsentRow, FaceRow
from monitor.store.sql import table_of

FACE: Final = table_of(FaceRow)
CONSENT: Final = table_of(FaceConsentRow)


def seal(key: bytes, name: str, staff: str, vectors: Sequence[Sequence[float]]) -> bytes:
    """Vectors of one length as float32, little-endian, sealed and bound to person and key: a row that is copied to
    another person does not open.
    """
    return sealed(key, packed(vectors), _bound(name, staff))


def packed(vectors: Sequence[Sequence[float]]) -> bytes:
    """One after the other, float32, little-endian."""
    numbers = array("f", (x for vector in vectors for x in vector))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def unseal(key: bytes, face: Row[Any]) -> list[tuple[float, ...]]:
    """The vectors of a row. Raises Unreadable."""
    try:
        numbers = array("f", opened(key, face.sealed, _bound(face.key, face.staff)))
    except ValueError as error:  # also a number of bytes that are no vectors
        raise Unreadable(f"{face.staff}: 密钥打不开 the key does not open it") from error
    if sys.byteorder == "big":
        numbers.byteswap()
    size = len(numbers) // face.vectors
    return [tuple(numbers[n * size : (n + 1) * size]) for n in range(face.vectors)]


def _bound(name: str, staff: str) -> bytes:
    return f"{name}/{staff}".encode()


def find(conn: Connection, staff: str) -> Row[Any] | None:
    return conn.execute(select(FACE).where(FACE.c.staff == staff)).first()


def all_of_them(conn: Connection) -> list[Row[Any]]:
    """Every face with its consent: purpose, consented_at."""
    query = select(FACE, CONSENT.c.purpose, CONSENT.c.consented_at).outerjoin(CONSENT, CONSENT.c.id == FACE.c.consent)
    return list(conn.execute(query.order_by(FACE.c.staff)))


def model_of_most(rows: Sequence[Row[Any]]) -> tuple[str, str] | None:
    """(name, version) of the model that most of the faces were enrolled with; None without any."""
    made = [(row.model, row.version) for row in rows]
    return max(sorted(set(made)), key=made.count) if made else None


def save(conn: Connection, values: Mapping[str, Any], consent: Mapping[str, Any] | int) -> int:
    """Write consent (or name one that is there) and face, in place of the one that was there; the consent's id."""
    number = consent if isinstance(consent, int) else consented(conn, consent)
    _delete(conn, values["staff"])
    conn.execute(insert(FACE).values(**values, consent=number))
    return number


def consented(conn: Connection, consent: Mapping[str, Any]) -> int:
    """Write a consent; its id."""
    return int(conn.execute(insert(CONSENT).values(**consent).returning(CONSENT.c.id)).scalar_one())


def consents(conn: Connection, staff: Sequence[str]) -> list[Row[Any]]:
    """All consents of these people, the oldest first."""
    return list(conn.execute(select(CONSENT).where(CONSENT.c.staff.in_(staff)).order_by(CONSENT.c.id)))


def withdraw(conn: Connection, staff: str, now: datetime, actor: str) -> int:
    """End the standing consents of a person; how many there were."""
    standing = (CONSENT.c.staff == staff, CONSENT.c.withdrawn_at.is_(None))
    return int(conn.execute(update(CONSENT).where(*standing).values(withdrawn_at=now, withdrawn_by=actor)).rowcount)


def erase(conn: Connection, staff: str, now: datetime, actor: str) -> int:
    """Delete the face of a person and end their consents; how many faces there were."""
    withdraw(conn, staff, now, actor)
    return _delete(conn, staff)


def erase_key(conn: Connection, key: str, now: datetime, actor: str) -> int:
    """The same for the face of that key, and its consent alone: whoever was enrolled again since stays."""
    frames.erase(conn, key=key)
    face = conn.execute(select(FACE.c.staff, FACE.c.consent).where(FACE.c.key == key)).first()
    if face is None:
        return 0
    conn.execute(update(CONSENT).where(CONSENT.c.id == face.consent).values(withdrawn_at=now, withdrawn_by=actor))
    return _delete(conn, face.staff)


def _delete(conn: Connection, staff: str) -> int:
    """With what is sealed by the same key: the evidence frames."""
    frames.erase(conn, staff=staff)
    if conn.dialect.name == "sqlite":  # overwritten in the file, not only forgotten
        conn.exec_driver_sql("PRAGMA secure_delete = ON")
    return int(conn.execute(delete(FACE).where(FACE.c.staff == staff)).rowcount)
