"""`retention run|proof|erasures`, `user erase`, `staff erase`: what goes after its time, or at a person's wish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import typer

from monitor.cli.common import BadInput, Finding, actor, print_json, program

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from monitor.app import Program
    from monitor.supervision.erasure import Erased

retention_app = typer.Typer(no_args_is_help=True, help="保存期限 retention")
staff_app = typer.Typer(no_args_is_help=True, help="人员 staff")
_DRY = typer.Option(False, "--dry-run", help="Say what would go and what would stay; change nothing.")
_JSON = typer.Option(False, "--json", help="JSON on stdout.")


def register(app: typer.Typer, user_app: typer.Typer) -> None:
    app.add_typer(retention_app, name="retention")
    app.add_typer(staff_app, name="staff")
    user_app.command("erase")(erase_user)


@retention_app.command("run")
def run(dry_run: bool = _DRY, as_json: bool = _JSON) -> None:
    """清理到期内容 Take away what is older than [retention] allows, in short steps, and prove that it is gone.

    Example: jiancha retention run --dry-run
    """
    from monitor.ops.retention.run import plan
    from monitor.ops.retention.run import run as taken

    with program() as opened:
        now, kept = opened.clock.now(), opened.settings.retention
        shown = opened.settings.kiosk.evidence_days
        lines = plan(opened.store, kept, now, shown)
        gone = {} if dry_run else taken(opened.store, kept, now, actor(), shown)
        proof = None if dry_run else _proof(opened, {name: one.left for name, one in gone.items()})
    said = {
        line.sort: {**line.to_json(), **({"gone": gone[line.sort].to_json()} if line.sort in gone else {})}
        for line in lines
    }
    if as_json:
        print_json({"dry_run": dry_run, "sorts": said, "proof": proof})
    else:
        for name, one in said.items():
            typer.echo(_line(name, one))
    _fail_unless_proven(proof, as_json)


@retention_app.command("proof")
def proof(as_json: bool = _JSON) -> None:
    """证明已清理 Prove the last run: nothing that its limits took is there, and the audit holds.

    Example: jiancha retention proof
    """
    from monitor.ops.retention.run import last_run, remaining

    with program(writing=False) as opened:
        with opened.store.read() as conn:
            row = last_run(conn)
            left = remaining(conn, row.body) if row is not None else {}
        if row is None:
            raise BadInput("retention proof: 尚未清理过 there was no run yet; `jiancha retention run`")
        found = {"run": row.object_id, "audit_row": row.id, "gone": row.body["gone"], **_proof(opened, left)}
    if as_json:
        print_json(found)
    else:
        typer.echo(f"{found['run']}  审计行 audit row {found['audit_row']}")
        for name, one in found["gone"].items():
            typer.echo(f"{name}: {one['rows']} 已清 gone, {left.get(name, 0)} 残留 left, 摘要 digest {one['digest']}")
    _fail_unless_proven(found, as_json)


def _proof(opened: Program, left: dict[str, int]) -> dict[str, Any]:
    """{"left", "audit"}: rows that are still there, by sort, and whether the audit verifies (null: there is no key)."""
    from monitor.ops.audit.verify import verify

    key = opened.settings.audit.secret
    if key is None:
        return {"left": left, "audit": None}
    with opened.store.read() as conn:
        return {"left": left, "audit": verify(conn, key, opened.clock.now()).ok}


def _fail_unless_proven(proof: dict[str, Any] | None, as_json: bool) -> None:
    if proof is None:
        return
    if any(proof["left"].values()) or proof["audit"] is False:
        raise Finding(
            "未能证明 not proven: 有残留或审计不符 rows are left, or the audit does not hold: jiancha audit verify"
        )
    if not as_json:
        audited = (
            "审计未核验，无密钥 audit not verified, no key" if proof["audit"] is None else "审计相符 the audit holds"
        )
        typer.echo(f"已证明 proven: 残留 left 0; {audited}")


def _line(name: str, one: dict[str, Any]) -> str:
    name = f"{SORTS.get(name, '')} {name}".strip()
    if one["before"] is None:
        return f"{name}: 永久保存 kept for ever"
    stays = ", ".join(f"{STAYS.get(why, '')} {why} {n}".strip() for why, n in one["stays"].items() if n)
    went = f"{one['gone']['rows']} 已清 gone" if "gone" in one else f"{one['goes']} 将清 would go"
    return f"{name}: {one['days']} 天 days, 早于 before {one['before']}: {went}; 保留 stay {stays or 0}"


def erase_user(
    user: str = typer.Argument(..., help="Id of the account."), dry_run: bool = _DRY, as_json: bool = _JSON
) -> None:
    """删除个人信息 Erase an account's name, contacts and words; it is disabled, its id stays where it was used.

    Example: jiancha user erase li --dry-run
    """
    _erase("user", user, dry_run, as_json)


@staff_app.command("erase")
def erase_staff(
    staff: str = typer.Argument(..., help="Id in the registry."), dry_run: bool = _DRY, as_json: bool = _JSON
) -> None:
    """删除个人信息 Erase the name and contacts of a member of staff; the id stays where it was used.

    Example: jiancha staff erase s-001 --dry-run
    """
    _erase("staff", staff, dry_run, as_json)


@retention_app.command("erasures")
def erasures() -> None:
    """删除名录 Print who was erased, a JSON line each: what `restore --erased` does again. Keep it beside the backups.

    Example: jiancha retention erasures
    """
    from monitor.supervision.erasure import log_of

    with program(writing=False) as opened, opened.store.read() as conn:
        for kind, person in log_of(conn):
            print_json({"kind": kind, "id": person})


def _erase(kind: str, person: str, dry_run: bool, as_json: bool) -> None:
    from monitor.ops.retention.run import scrub
    from monitor.supervision.erasure import erase
    from monitor.supervision.refused import Refused

    with program() as opened:

        def step(conn: Connection) -> Erased:
            return erase(conn, kind, person, actor=actor(), now=opened.clock.now())

        try:
            done = opened.store.tried(step) if dry_run else opened.store.step(step)
            if not dry_run:
                scrub(opened.store)
        except Refused as error:
            raise BadInput(str(error)) from error
    if as_json:
        print_json({"dry_run": dry_run, "id": person, "rows": dict(done.rows), "stays": dict(done.stays)})
        return
    head = "将删除 would be erased" if dry_run else "已删除 erased"
    typer.echo(f"{person} {head}: {_counted(done.rows)}")
    typer.echo(f"仅以工号或账号保留 stays by id alone: {_counted(done.stays)}")
    if not dry_run:
        typer.echo("核验 prove it: jiancha audit verify")


def _counted(rows: Mapping[str, int]) -> str:
    """姓名与联系方式 user 1, …"""
    return ", ".join(f"{ERASED.get(name, '')} {name} {n}".strip() for name, n in rows.items())


SORTS: Final = {
    "payloads": "原始报文",
    "payloads_beside": "早前的原始报文",
    "quarantine": "隔离区报文",
    "comments": "评价意见",
    "deliveries": "已发通知",
    "attachments": "附件",
    "mark_files": "登记凭证",
    "sheets": "签核考勤表",
    "requests": "申请理由",
    "assessment_words": "考评周期文字",
    "frames": "留证图像",
    "rating_links": "评价链接",
    "audit": "审计中的个人信息",
}
STAYS: Final = {
    "standing_card": "在办或申诉中的牌所依据",
    "not_closed": "所属月份未结账",
    "not_settled": "尚未处理",
    "younger": "未到期",
}
ERASED: Final = {
    "user": "姓名与联系方式",
    "staff": "姓名与联系方式",
    "audit_private": "审计中的个人信息",
    "card_event": "办理记录",
    "assessment_word": "考评周期文字",
    "alert_item": "已发通知",
    "silence": "静默理由",
    "lost_span": "数据丢失说明",
    "face": "人脸特征",
    "staff_pin": "签到密码",
    "card": "牌",
    "audit": "审计行",
    "attachment": "附件",
    "mark_file": "登记凭证",
    "score_mark": "登记文字",
}
