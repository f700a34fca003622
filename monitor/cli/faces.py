"""`face enroll|verify|identify|list|forget|calibrate|doubts|decide`: faces of staff (人脸)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from monitor.cli.common import BadInput, Finding, actor, instant, program, reason_of, settings
from monitor.cli.doubts import register_doubts
from monitor.cli.evidence import evidence_app

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from monitor.access import Principal
    from monitor.app import Program
    from monitor.attendance.recognition.dlib_encoder import DlibEncoder
    from monitor.store.facekeys import KeyStore
    from monitor.supervision.faces import Photo

face_app = typer.Typer(no_args_is_help=True, help="人脸 faces of staff (docs/faces.md)")
_AS = typer.Option(None, "--as", metavar="USER", help="In this user's role (`user list`); default: this machine's own.")
_JSON = typer.Option(False, "--json", help="JSON on stdout.")
_STAFF = typer.Option(..., "--staff", metavar="S", help="Id in the registry.")
_PHOTO = typer.Argument(..., metavar="PHOTO", help="JPEG or PNG with one face.")
FILMED_PER_SECOND: Final = 5.0
"""Frames of a file that a camera would have been asked for."""
BANDS: Final = {"accept": "通过", "review": "待复核", "unknown": "不识别"}


def register(app: typer.Typer) -> None:
    app.add_typer(face_app, name="face")
    face_app.add_typer(evidence_app, name="evidence")
    register_doubts(face_app)


@face_app.command("enroll")
def enroll(
    photos: list[Path] = typer.Argument(None, metavar="[PHOTO]...", help="3 to 5 photographs, JPEG or PNG."),
    camera: str | None = typer.Option(
        None, "--camera", metavar="SOURCE", help="Instead of photographs: USB number, address, file or folder."
    ),
    seconds: float = typer.Option(60, "--seconds", min=1, max=3600, help="How long the camera tries."),
    staff: str = _STAFF,
    consent_at: str = typer.Option(..., "--consent-at", metavar="T", help="When they agreed; RFC 3339 with offset."),
    purpose: str = typer.Option(..., "--purpose", metavar="TEXT", help="What for, as the consent says."),
    user: str | None = _AS,
    as_json: bool = _JSON,
) -> None:
    """登记人脸 Enrol a member of staff who has agreed to it, by three to five photographs of their own, or by a
    camera; or enrol again.

    The photographs are checked (one face, size, blur, pose, light, the same person, nobody else's) and not kept.

    Example: jiancha face enroll --staff s-001 --consent-at 2026-03-02T09:00:00+08:00 --purpose 考勤 1.jpg 2.jpg 3.jpg
    """
    wanted_at = instant(consent_at, "--consent-at")
    if bool(photos) == (camera is not None):
        raise BadInput("PHOTO, --camera: 照片与摄像头二选一 give photographs or --camera, one of them")
    if camera is None:
        encoder, taken = _taken(photos)
    else:
        _before_filming(user, staff, purpose, wanted_at)
        encoder, taken = _filmed(camera, seconds)

    def act(opened: Program, conn: Connection, who: Principal) -> dict[str, Any]:
        from monitor.supervision.faces import Enrolment, enrol

        wanted = Enrolment(staff=staff, photos=taken, consent_at=wanted_at, purpose=purpose)
        policy, registry = opened.settings.policy.face, opened.registry.get(conn)
        return enrol(
            conn, registry, _keys(opened), policy, wanted, model=encoder.model, actor=who, now=opened.clock.now()
        )

    def then(opened: Program, done: dict[str, Any]) -> None:
        if done["old_key"] is not None:
            _keys(opened).destroy(done["old_key"])

    done = _acted(user, act, then)
    _show(done, as_json, f"{staff} 已登记 enrolled: {done['photos']} 张 photographs, {done['model']}")
    if done["near"] and not as_json:
        typer.echo(f"相近 near, 仅凭人脸可能待复核 may come to review: {', '.join(done['near'])}")


@face_app.command("verify")
def verify(photo: Path = _PHOTO, staff: str = _STAFF, user: str | None = _AS, as_json: bool = _JSON) -> None:
    """比对 1:1 Whether a photograph shows this member of staff. Exit status 1 unless it is accepted.

    Example: jiancha face verify --staff s-001 now.jpg --json
    """
    encoder, (taken,) = _taken([photo])

    def act(opened: Program, conn: Connection, who: Principal) -> dict[str, Any]:
        from monitor.supervision.faces import verify as verified

        policy, registry = opened.settings.policy.face, opened.registry.get(conn)
        now = opened.clock.now()
        return verified(conn, registry, _keys(opened), policy, staff, taken, model=encoder.model, actor=who, now=now)

    done = _acted(user, act)
    _show(done, as_json, f"{staff} {BANDS[done['band']]} {done['band']}, 距离 distance {done['distance']:.3f}")
    _unless_accepted(done)


@face_app.command("identify")
def identify(photo: Path = _PHOTO, user: str | None = _AS, as_json: bool = _JSON) -> None:
    """识别 1:N Who of the enrolled a photograph shows; whoever is not surely one of them is not named (exit status 1).

    Example: jiancha face identify now.jpg
    """
    encoder, (taken,) = _taken([photo])

    def act(opened: Program, conn: Connection, who: Principal) -> dict[str, Any]:
        from monitor.supervision.faces import identify as identified

        policy, registry = opened.settings.policy.face, opened.registry.get(conn)
        now = opened.clock.now()
        return identified(conn, registry, _keys(opened), policy, taken, model=encoder.model, actor=who, now=now)

    done = _acted(user, act)
    named = done["staff"] or "—"
    _show(done, as_json, f"{named} {BANDS[done['band']]} {done['band']}, 比对 compared {done['compared']} 人 people")
    if not as_json:
        _left_out(done["unreadable"], done["outdated"])
    _unless_accepted(done)


@face_app.command("list")
def list_faces(user: str | None = _AS, as_json: bool = _JSON) -> None:
    """列出登记 List who is enrolled, by which consent, with which model; no vector is opened.

    Example: jiancha face list --json
    """
    from monitor.supervision.commands import local
    from monitor.supervision.people import principal_of
    from monitor.supervision.refused import Refused

    with program(writing=False) as opened, opened.store.read() as conn:
        supervised = _part("monitor.supervision.faces")
        keys = _keys(opened) if opened.settings.faces.keys else None
        try:
            who = principal_of(conn, user) if user else local(actor())
            rows = supervised.listing(conn, opened.registry.get(conn), keys, actor=who)
        except (Refused, ValueError) as error:
            raise BadInput(str(error)) from error
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        shut = "  密钥不在 no key" if row["readable"] is False else ""
        typer.echo(f"{row['staff']}  {row['vectors']} 张  {row['model']}  同意 consent {row['consented_at']} "
                   f"{row['purpose']}{shut}")  # fmt: skip


@face_app.command("forget")
def forget(
    staff: str = _STAFF,
    reason: str = typer.Option(..., "--reason", metavar="TEXT", help="Why; kept in the audit."),
    user: str | None = _AS,
    as_json: bool = _JSON,
) -> None:
    """删除人脸 Destroy the key of a face, prove that its vectors do not open any more, delete them, end the consent.

    Example: jiancha face forget --staff s-001 --reason 本人撤回同意
    """

    def act(opened: Program, conn: Connection, who: Principal) -> dict[str, Any]:
        from monitor.supervision.faces import forget as forgotten

        registry, now = opened.registry.get(conn), opened.clock.now()
        return forgotten(conn, registry, _keys(opened), staff, actor=who, why=reason, now=now)

    def then(opened: Program, _: dict[str, Any]) -> None:
        from monitor.ops.retention.run import scrub

        scrub(opened.store)

    done = _acted(user, act, then)
    key = "已销毁 destroyed" if done["destroyed"] else "早已不在 was gone before"
    _show(
        done,
        as_json,
        f"{staff} 已删除 forgotten: 密钥 key {key}; {done['vectors']} 个特征已无法解开，现已删除 vectors did not open "
        f"and were deleted, 留证图像 evidence frames {done['frames']}\n"
        "其他备份中的特征同样无法解开 those in backups do not open either; "
        "请把删除名录另存 keep the log beside the backups: jiancha retention erasures",
    )


@face_app.command("calibrate")
def calibrate(user: str | None = _AS, as_json: bool = _JSON) -> None:
    """标定 Measure false accepts and rejects of the own gallery by threshold, name the most confusable people, and
    recommend bands. Exit status 1 where two people lie within the accept band in use.

    Example: jiancha face calibrate --json
    """

    def act(opened: Program, conn: Connection, who: Principal) -> dict[str, Any]:
        from monitor.attendance.recognition.calibrate import calibrate as calibrated
        from monitor.supervision.faces import for_calibration

        now = opened.clock.now()
        found = for_calibration(conn, opened.registry.get(conn), _keys(opened), actor=who, now=now)
        policy = opened.settings.policy.face
        used = {"accept": policy.accept, "review": policy.review}
        return calibrated(found.people).to_json() | {
            "in_use": used, "unreadable": list(found.unreadable), "outdated": list(found.outdated)
        }  # fmt: skip

    done = _acted(user, act)
    _show(done, as_json, "\n".join(_calibration_lines(done)))
    close = [pair for pair in done["confusable"] if pair["distance"] <= done["in_use"]["accept"]]
    if close:
        raise Finding(
            f"{len(close)} 对人员在通过线之内 pairs of people lie within policy.face.accept: 改用刷卡或密码 card or PIN"
        )


def _calibration_lines(done: dict[str, Any]) -> list[str]:
    lines = [
        f"{done['people']} 人 people, {done['vectors']} 个特征 vectors; 同一人 same {done['same']} 对 pairs, "
        f"不同人 different {done['different']} 对 pairs"
    ]
    if done["accept"] is None:
        return [*lines, "至少需要两人 at least two people are needed for a recommendation"]
    lines.append("阈值 threshold  误识 false accepts  拒识 false rejects")
    lines += [
        f"{rate['threshold']:.2f}  {rate['false_accepts']}  {rate['false_rejects']}"
        for rate in done["rates"]
        if round(rate["threshold"] * 100) % 5 == 0
    ]
    lines += [f"易混 confusable: {pair['a']} – {pair['b']}  {pair['distance']:.3f}" for pair in done["confusable"]]
    lines.append(
        f"建议 recommended: policy.face.accept {done['accept']:g}, policy.face.review {done['review']:g}; "
        f"现用 in use {done['in_use']['accept']:g}, {done['in_use']['review']:g}"
    )
    return lines


# --------------------------------------------------------------------------- what they share


def _part(name: str) -> Any:
    """A module that needs the extra `faces`; BadInput says how to install it."""
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError as error:
        raise BadInput(f"缺少组件 {error.name} is missing: pip install 'jiancha[faces]'") from error


def _taken(photos: Sequence[Path]) -> tuple[DlibEncoder, tuple[Photo, ...]]:
    """The encoder, and the faces of each photograph, found before the store is opened. BadInput names the file."""
    _part("monitor.attendance.recognition.dlib_encoder")
    from monitor.attendance.recognition.dlib_encoder import DlibEncoder
    from monitor.attendance.recognition.encoder import BadImage
    from monitor.supervision.faces import Photo

    encoder = _encoder(DlibEncoder)
    taken = []
    for path in photos:
        try:
            taken.append(Photo(name=path.name, faces=encoder.faces(path.read_bytes())))
        except OSError as error:
            raise BadInput(f"{path}: {reason_of(error)}") from error
        except BadImage as error:
            raise BadInput(f"{path}: {error}") from error
    return encoder, tuple(taken)


def _before_filming(user: str | None, staff: str, purpose: str, consent_at: datetime) -> None:
    """Nobody stands before a camera for a minute only to be refused. BadInput, as enrolling itself gives it."""
    from monitor.supervision.commands import local
    from monitor.supervision.people import principal_of
    from monitor.supervision.refused import Refused

    supervised = _part("monitor.supervision.faces")
    with program(writing=False) as opened, opened.store.read() as conn:
        _keys(opened)
        try:
            who = principal_of(conn, user) if user else local(actor())
            registry, now = opened.registry.get(conn), opened.clock.now()
            supervised.may_enrol(who, registry, staff, purpose=purpose, consent_at=consent_at, now=now)
        except Refused as error:
            raise BadInput(str(error)) from error


def _filmed(source: str, seconds: float) -> tuple[DlibEncoder, tuple[Photo, ...]]:
    """The same by a camera; what to do is said on stderr. BadInput where there are not enough good frames in time."""
    _part("monitor.attendance.recognition.dlib_encoder")
    from contextlib import closing

    from monitor.agents.terminal.enrolling import NotTaken, take
    from monitor.attendance.recognition.dlib_encoder import DlibEncoder
    from monitor.attendance.recognition.vision.frames import SourceError, open_camera
    from monitor.clock import Clock
    from monitor.supervision.faces import Photo

    policy, encoder = settings().policy.face, _encoder(DlibEncoder)
    try:
        with closing(open_camera(source, FILMED_PER_SECOND, program="enroll")) as opened:
            found = take(
                opened,
                encoder,
                policy,
                Clock(),
                seconds=seconds,
                frames_per_second=FILMED_PER_SECOND,
                tell=lambda line: typer.echo(line, err=True),
            )
    except (NotTaken, SourceError) as error:
        raise BadInput(str(error)) from error
    return encoder, tuple(Photo(name=f"camera-{n}", faces=(face,)) for n, face in enumerate(found, 1))


def _encoder(make: type[DlibEncoder]) -> DlibEncoder:
    try:
        return make()
    except ImportError as error:
        raise BadInput(f"缺少组件 {error.name} is missing: pip install 'jiancha[faces]'") from error


def _keys(opened: Program) -> KeyStore:
    from monitor.store.facekeys import KeyStore

    path = opened.settings.faces.keys
    if path is None:
        raise BadInput(
            "faces.keys: 未设密钥库 is not set: name a file outside the backups, such as "
            "JIANCHA_FACES__KEYS=/etc/jiancha/face-keys"
        )
    return KeyStore(Path(path))


def _acted(
    user: str | None,
    act: Callable[[Program, Connection, Principal], dict[str, Any]],
    then: Callable[[Program, dict[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """Carry it out in one transaction; `then` once that is committed."""
    from monitor.store.facekeys import BadKeyStore
    from monitor.supervision.commands import local
    from monitor.supervision.people import principal_of
    from monitor.supervision.refused import Refused

    _part("monitor.supervision.faces")
    with program() as opened:
        try:
            done = opened.store.step(
                lambda conn: act(opened, conn, principal_of(conn, user) if user else local(actor()))
            )
            if then is not None:
                then(opened, done)
        except (Refused, BadKeyStore) as error:
            raise BadInput(str(error)) from error
    return done


def _show(done: dict[str, Any], as_json: bool, text: str) -> None:
    typer.echo(json.dumps(done, ensure_ascii=False) if as_json else text)


def _left_out(unreadable: Sequence[str], outdated: Sequence[str]) -> None:
    for names, why in ((unreadable, "密钥不在 no key"), (outdated, "模型已更换 another model")):
        if names:
            typer.echo(f"未比对 not compared ({why}): {', '.join(names)}", err=True)


def _unless_accepted(done: dict[str, Any]) -> None:
    if done["band"] != "accept":
        raise Finding(f"{BANDS[done['band']]} {done['band']}: 请另行核实 use card, PIN, or ask the supervisor (人工)")
