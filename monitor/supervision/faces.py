"""Faces of staff (人脸): enrolling with consent, comparing, forgetting (DESIGN §1F, practice.md §7). Each is audited.

Called with the faces that an encoder found: no picture comes here, none is kept. The caller commits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from monitor.access import Principal, Target, refusal
from monitor.attendance.facepolicy import FacePolicy
from monitor.attendance.recognition.bands import Band, band_among, band_of
from monitor.attendance.recognition.encoder import Face, Model
from monitor.attendance.recognition.gallery import Gallery
from monitor.attendance.recognition.quality import faults
from monitor.model import Reason, Registry
from monitor.store import audit, faces, frames
from monitor.store.cipher import Unreadable
from monitor.store.facekeys import KeyStore
from monitor.supervision.commands import local, require_known, require_words
from monitor.supervision.erasure import FACE_ERASED
from monitor.supervision.refused import Refused
from monitor.wording import render

SAME_PICTURE: Final = 1e-6
GALLERY: Final = "faces"
"""Object of audit rows about all faces."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Photo:
    """A photograph by its name, with the faces that the encoder found in it."""

    name: str
    faces: tuple[Face, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Enrolment:
    """What is asked for: whose face, by which photographs, and the consent it rests on; `consent`: its number, where it
    was recorded before (`facestate.record_consent`).
    """

    staff: str
    photos: tuple[Photo, ...]
    consent_at: datetime
    purpose: str
    consent: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """The vectors of one model by person; `unreadable`: whose key is not there; `outdated`: of another model."""

    people: dict[str, list[tuple[float, ...]]]
    unreadable: tuple[str, ...]
    outdated: tuple[str, ...]


def open_gallery(conn: Connection, keys: KeyStore, model: Model | None = None) -> Opened:
    """Open all faces; without `model`, those of the model that most were enrolled with. Raises BadKeyStore.

    Whoever calls this has access to biometric data: write an audit row.
    """
    rows = faces.all_of_them(conn)
    known = keys.all() if rows else {}
    most = faces.model_of_most(rows)
    if model is None and most is not None:
        model = Model(name=most[0], version=most[1])
    found = Opened(people={}, unreadable=(), outdated=())
    unreadable, outdated = [], []
    for row in rows:
        if model is None or (row.model, row.version) != (model.name, model.version):
            outdated.append(row.staff)
            continue
        try:
            found.people[row.staff] = faces.unseal(known[row.key], row)
        except (KeyError, Unreadable):
            unreadable.append(row.staff)
    return Opened(people=found.people, unreadable=tuple(unreadable), outdated=tuple(outdated))


# --------------------------------------------------------------------------- enrolling


def enrol(
    conn: Connection, registry: Registry, keys: KeyStore, policy: FacePolicy, wanted: Enrolment, *,
    model: Model, actor: str | Principal, now: datetime,
) -> dict[str, Any]:  # fmt: skip
    """Enrol a person, in place of an earlier enrolment; gives {"staff","photos","model","replaced","old_key","near"}.

    1. Refuse without role, consent or enough photographs; then for each photograph that is not good enough, with all of
       its faults at once; then a face that is already somebody else's.
    2. A key of its own into the key store, then vectors, consent and audit row. Where that transaction comes to
       nothing, a key that opens nothing stays behind (doctor names it).
    3. The caller destroys `old_key` once all that is committed. Raises Refused, BadKeyStore.
    """
    who = may_enrol(actor, registry, wanted.staff, purpose=wanted.purpose, consent_at=wanted.consent_at, now=now)
    _enough(wanted, policy)
    chosen = [_face_of(photo, policy) for photo in wanted.photos]
    problems = [line for _, lines in chosen for line in lines]
    vectors = [face.vector for face, _ in chosen if face is not None]
    problems = problems or _together(wanted.photos, vectors, policy)
    if problems:
        raise Refused("照片不合格 the photographs will not do:\n" + "\n".join(f"  {line}" for line in problems))
    old = faces.find(conn, wanted.staff)
    if not keys.exists and faces.all_of_them(conn):
        raise Refused(
            f"faces.keys: {keys.path}: 没有此文件，而库中已有人脸 is not there, but faces are enrolled: put it back"
        )
    keys.create()
    near = _not_someone_else(open_gallery(conn, keys, model), wanted.staff, vectors, policy)
    name, key = keys.make()
    row = {
        "staff": wanted.staff, "key": name, "model": model.name, "version": model.version, "vectors": len(vectors),
        "sealed": faces.seal(key, name, wanted.staff, vectors), "enrolled_at": now, "enrolled_by": who.id,
    }  # fmt: skip
    consent = {
        "staff": wanted.staff, "purpose": wanted.purpose, "consented_at": wanted.consent_at, "recorded_at": now,
        "recorded_by": who.id,
    }  # fmt: skip
    number = faces.save(conn, row, consent if wanted.consent is None else wanted.consent)
    before = old.key if old is not None else None
    body = {"key": name, "model": str(model), "photos": len(vectors), "consent": number, "near": near,
            "consented_at": wanted.consent_at.isoformat(), "replaced": before}  # fmt: skip
    audit.record(conn, now, who.id, "face.enrolled", "staff", wanted.staff, body)
    return {"staff": wanted.staff, "photos": len(vectors), "model": str(model), "replaced": old is not None,
            "old_key": before, "near": near}  # fmt: skip


def may_enrol(
    actor: str | Principal, registry: Registry, staff: str, *, purpose: str, consent_at: datetime, now: datetime
) -> Principal:
    """What can be refused before there is any photograph: role, an id that is not registered, consent. Refused."""
    who = _may(actor, registry, staff)
    require_words(purpose)
    if consent_at > now:
        raise Refused(f"{consent_at.isoformat()} 晚于现在 lies after now, {now.isoformat()}", field="consent-at")
    return who


def _enough(wanted: Enrolment, policy: FacePolicy) -> None:
    if not policy.enrol_min <= len(wanted.photos) <= policy.enrol_max:
        raise Refused(
            f"{len(wanted.photos)} 张照片，应为 {policy.enrol_min}–{policy.enrol_max} 张 photographs; give "
            f"{policy.enrol_min} to {policy.enrol_max}, in different light and looking slightly to the sides"
        )


def _face_of(photo: Photo, policy: FacePolicy) -> tuple[Face | None, list[str]]:
    """The one face of a photograph, and all that is wrong with it."""
    if len(photo.faces) != 1:
        code = "face.several" if photo.faces else "face.none"
        return None, [said(photo.name, Reason(code=code, figures={"found": len(photo.faces)}))]
    return photo.faces[0], [said(photo.name, reason) for reason in faults(photo.faces[0].quality, policy)]


def _together(photos: Sequence[Photo], vectors: Sequence[Sequence[float]], policy: FacePolicy) -> list[str]:
    """Every photograph is another picture of the same person: within review of the one nearest to all others."""
    if len(vectors) < 2:
        return []
    far = [[math.dist(a, b) for b in vectors] for a in vectors]
    middle = min(range(len(far)), key=lambda n: sum(far[n]))
    lines = []
    for n, row in enumerate(far):
        twin = next((m for m in range(n) if row[m] < SAME_PICTURE), None)
        if twin is not None:
            lines.append(said(photos[n].name, Reason(code="face.same_picture", figures={"other": photos[twin].name})))
        elif row[middle] > policy.review:
            figures = {"other": photos[middle].name, "found": f"{row[middle]:.3f}", "limit": f"{policy.review:g}"}
            lines.append(said(photos[n].name, Reason(code="face.differs", figures=figures)))
    return lines


def _not_someone_else(opened: Opened, staff: str, vectors: Sequence[Sequence[float]], policy: FacePolicy) -> list[str]:
    """Refuse a face within accept of somebody else's; gives those within review."""
    others = Gallery({name: rows for name, rows in opened.people.items() if name != staff})
    nearest = {name: min(others.distance(name, vector) for vector in vectors) for name in others.people}
    for name, distance in sorted(nearest.items(), key=lambda item: item[1]):
        if band_of(distance, policy) is Band.ACCEPT:
            figures = {"other": name, "found": f"{distance:.3f}", "limit": f"{policy.accept:g}"}
            raise Refused(said(staff, Reason(code="face.taken", figures=figures)))
    return sorted(name for name, distance in nearest.items() if band_of(distance, policy) is Band.REVIEW)


# --------------------------------------------------------------------------- comparing


def verify(
    conn: Connection, registry: Registry, keys: KeyStore, policy: FacePolicy, staff: str, photo: Photo, *,
    model: Model, actor: str | Principal, now: datetime,
) -> dict[str, Any]:  # fmt: skip
    """1:1: whether the photograph shows that person: {"staff","band","distance","model","faults"}. Raises Refused."""
    who = _may(actor, registry, staff)
    face = _single(photo)
    row = faces.find(conn, staff)
    if row is None:
        raise Refused(f"{staff}: 没有登记人脸 no face is enrolled: jiancha face enroll", field="staff", sort="missing")
    if (row.model, row.version) != (model.name, model.version):
        raise Refused(
            f"{staff}: 登记所用模型已更换 was enrolled with {row.model}@{row.version}: enrol again", field="staff"
        )
    key = keys.get(row.key)
    if key is None:
        raise Refused(f"{staff}: 密钥不在 the key is not in {keys.path}: 请重新登记 enrol again", field="staff")
    try:
        distance = Gallery({staff: faces.unseal(key, row)}).distance(staff, face.vector)
    except Unreadable as error:
        raise Refused(str(error), field="staff") from error
    band = band_of(distance, policy)
    audit.record(conn, now, who.id, "face.verified", "staff", staff, {"band": band, "distance": round(distance, 4)})
    return {"staff": staff, "band": str(band), "distance": round(distance, 4), "model": str(model),
            "faults": _told(face, policy)}  # fmt: skip


def identify(
    conn: Connection, registry: Registry, keys: KeyStore, policy: FacePolicy, photo: Photo, *,
    model: Model, actor: str | Principal, now: datetime,
) -> dict[str, Any]:  # fmt: skip
    """1:N: {"staff","band","distance","second","model","compared","unreadable","outdated","faults"}.

    Only an accepted face is named: in the band of review stand strangers too (docs/faces.md). Compared are
    people in the halls of whoever asks. Raises Refused.
    """
    who = _may(actor)
    face = _single(photo)
    opened = open_gallery(conn, keys, model)
    theirs = {name: rows for name, rows in opened.people.items() if _covered(who, registry, name)}
    found = Gallery(theirs).nearest(face.vector)
    band = band_among(found.distance, found.second, policy) if found is not None else Band.UNKNOWN
    staff = found.staff if found is not None and band is Band.ACCEPT else None
    distance = round(found.distance, 4) if found is not None else None
    body = {"band": str(band), "staff": staff, "distance": distance, "compared": len(theirs)}
    audit.record(conn, now, who.id, "face.identified", GALLERY, GALLERY, body)
    second = round(found.second, 4) if found is not None and found.second is not None else None
    return {
        "staff": staff, "band": str(band), "distance": distance, "second": second, "model": str(model),
        "compared": len(theirs), "unreadable": list(opened.unreadable), "outdated": list(opened.outdated),
        "faults": _told(face, policy),
    }  # fmt: skip


def for_calibration(
    conn: Connection, registry: Registry, keys: KeyStore, *, actor: str | Principal, now: datetime
) -> Opened:
    """The gallery of the halls of whoever asks, for `recognition.calibrate`; audited. Raises Refused, BadKeyStore."""
    who = _may(actor)
    opened = open_gallery(conn, keys)
    theirs = {name: rows for name, rows in opened.people.items() if _covered(who, registry, name)}
    audit.record(conn, now, who.id, "face.calibrated", GALLERY, GALLERY, {"people": len(theirs)})
    return Opened(people=theirs, unreadable=opened.unreadable, outdated=opened.outdated)


# --------------------------------------------------------------------------- forgetting, listing


def forget(
    conn: Connection, registry: Registry, keys: KeyStore, staff: str, *, actor: str | Principal, why: str, now: datetime
) -> dict[str, Any]:
    """Erase a face and prove it: {"staff","key","destroyed","unreadable","vectors","frames"}.

    1. Destroy the key first: whatever happens then, the vectors here and in every backup stay shut.
    2. Try the sealed vectors with what the key store still holds: they must not open.
    3. Delete them, end the consent, write the audit row that `restore` reads. Raises Refused, BadKeyStore.
    `destroyed` is False where the key was gone before; doing it again after a failure is the same.
    """
    who = _may(actor, registry, staff, known=False)
    require_words(why)
    row = faces.find(conn, staff)
    if row is None:
        raise Refused(f"{staff}: 没有登记人脸 no face is enrolled", field="staff", sort="missing")
    destroyed = keys.destroy(row.key) if keys.exists else False
    left = keys.all() if keys.exists else {}
    if any(_opens(key, row) for key in left.values()):
        raise Refused(f"{staff}: 密钥销毁后仍能打开 the vectors still open; 请检查 look at {keys.path}", sort="state")
    held = len(frames.all_of_them(conn, staff))
    faces.erase(conn, staff, now, who.id)
    body = {"key": row.key, "vectors": row.vectors, "destroyed": destroyed, "tried_keys": len(left), "frames": held}
    audit.record(conn, now, who.id, FACE_ERASED, "staff", staff, body, private={"why": why})
    return {"staff": staff, "key": row.key, "destroyed": destroyed, "unreadable": True, "vectors": row.vectors,
            "frames": held}  # fmt: skip


def _opens(key: bytes, row: Any) -> bool:
    try:
        faces.unseal(key, row)
    except Unreadable:
        return False
    return True


def listing(
    conn: Connection, registry: Registry, keys: KeyStore | None, *, actor: str | Principal
) -> list[dict[str, Any]]:
    """Who is enrolled, without any vector: [{"staff","vectors","model","enrolled_at","enrolled_by","consented_at",
    "purpose","readable"}]; `readable` is null where there is no key store to look into.
    """
    who = _may(actor)
    known = keys.all().keys() if keys is not None and keys.exists else None
    return [
        {
            "staff": row.staff, "vectors": row.vectors, "model": f"{row.model}@{row.version}",
            "enrolled_at": row.enrolled_at.isoformat(), "enrolled_by": row.enrolled_by,
            "consented_at": row.consented_at.isoformat() if row.consented_at else None, "purpose": row.purpose,
            "readable": row.key in known if known is not None else None,
        }
        for row in faces.all_of_them(conn)
        if _covered(who, registry, row.staff)
    ]  # fmt: skip


# --------------------------------------------------------------------------- who may, what is said


def _may(
    actor: str | Principal, registry: Registry | None = None, staff: str | None = None, *, known: bool = True
) -> Principal:
    """Refuse whoever may not; with `staff`, who is not in the registry (`known`) or not within reach."""
    who = local(actor) if isinstance(actor, str) else actor
    target = Target(hall=registry.hall_of_staff(staff), staff=staff) if registry is not None and staff else None
    no = refusal(who, "faces:write", target)
    if no is not None:
        raise Refused.because(no)
    if registry is not None and staff and known:
        require_known(registry, staff=staff)
    return who


def _covered(who: Principal, registry: Registry, staff: str) -> bool:
    return refusal(who, "faces:write", Target(hall=registry.hall_of_staff(staff), staff=staff)) is None


def _single(photo: Photo) -> Face:
    if len(photo.faces) != 1:
        code = "face.several" if photo.faces else "face.none"
        raise Refused(said(photo.name, Reason(code=code, figures={"found": len(photo.faces)})))
    return photo.faces[0]


def _told(face: Face, policy: FacePolicy) -> list[str]:
    return [reason.code for reason in faults(face.quality, policy)]


def said(where: str, reason: Reason) -> str:
    """`PHOTO: 中文 English`."""
    return f"{where}: {render(reason, 'zh')} {render(reason, 'en')}"
