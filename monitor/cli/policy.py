"""`policy show|versions|compare|change`: the policy in force, its history, its change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from monitor.cli.common import BadInput, acting, print_json, program

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from monitor.access import Principal
    from monitor.app import Program
    from monitor.settings import Policy

policy_app = typer.Typer(no_args_is_help=True, help="规则 the policy: read, compare, change")
AS_JSON = typer.Option(False, "--json", help="JSON on stdout.")


def register(app: typer.Typer) -> None:
    app.add_typer(policy_app, name="policy")


@policy_app.command("show")
def show(
    section: str | None = typer.Option(None, "--section", metavar="S", help="Only this section, such as timeliness."),
    as_json: bool = AS_JSON,
) -> None:
    """现行规则 The policy in force: since when, by whom, from file or store, each key with its default.

    Example: jiancha policy show --section post
    """
    from monitor.supervision.policykeys import as_text, sections
    from monitor.supervision.policyview import policy_json

    if section is not None and section not in sections():
        raise BadInput(f"--section: {section!r} 不在可选值之内 is none of {', '.join(sections())}")
    with program(writing=False) as opened:
        result = policy_json(opened.policies, section)
    if as_json:
        print_json(result)
        return
    typer.echo(_held(result))
    for key in result["keys"]:
        mark = "*" if key["differs"] else " "
        typer.echo(f"{mark} policy.{key['key']} = {as_text(key['value'])}    # {key['meaning']['zh']}")
    typer.echo("* 与预设不同 differs from the preset " + result["preset"])


def _held(result: Mapping[str, Any]) -> str:
    where = {
        "store": "库中更改 changed in the store, holds over the configuration file",
        "file": "配置文件 configuration file",
    }
    number = f" 第 {result['number']} 版 version {result['number']}" if result["number"] else ""
    since = f"  自 since {result['since']} {result['actor'] or ''}" if result["since"] else ""
    broken = "".join(f"\n第 {b['number']} 版不可用 cannot be used: {b['why']}" for b in result["broken"])
    return f"现行 in force: {result['version']}{number}  来源 source: {where[result['source']]}{since}{broken}"


@policy_app.command("versions")
def versions(
    limit: int = typer.Option(50, "--limit", min=1, max=1000, help="The newest so many."),
    as_json: bool = AS_JSON,
) -> None:
    """规则版本 Every version: when, by whom, why, and what differs from the one before.

    Example: jiancha policy versions --json
    """
    from monitor.supervision.policies import list_versions
    from monitor.supervision.policykeys import as_text
    from monitor.supervision.policyview import version_json

    with program(writing=False) as opened, opened.store.read() as conn:
        rows = [version_json(one) for one in list_versions(conn, None, limit)[:limit]]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        typer.echo(
            f"{row['number']}  {row['at']}  {row['version']}  {row['source']}  {row['actor']}  {row['reason'] or '-'}"
        )
        for one in row["changed"]:
            typer.echo(f"      {one['key']}: {as_text(one['before'])} → {as_text(one['after'])}")


@policy_app.command("compare")
def compare(
    one: str = typer.Argument(..., help="present, file, a version's number, a preset, or a policy file."),
    other: str = typer.Argument(..., help="The same."),
    as_json: bool = AS_JSON,
) -> None:
    """对照规则 Two policies side by side, only the keys that differ.

    Example: jiancha policy compare present yulin
    """
    from monitor.supervision.policykeys import as_text
    from monitor.supervision.policyview import compared_json

    with program(writing=False) as opened, opened.store.read() as conn:
        result = compared_json(_named(conn, opened, one), _named(conn, opened, other))
    if as_json:
        print_json(result)
        return
    typer.echo(f"{result['left']}  |  {result['right']}")
    for key in result["keys"]:
        typer.echo(f"{key['key']}: {as_text(key['left'])} | {as_text(key['right'])}    # {key['meaning']['zh']}")
    if not result["keys"]:
        typer.echo("没有差别 nothing differs")


@policy_app.command("change")
def change(
    given: list[str] = typer.Option([], "--set", metavar="KEY=VALUE", help="A key and its new value; several times."),
    origin: str | None = typer.Option(
        None, "--from", metavar="P", help="All values of this one: file, a version's number, a preset, a policy file."
    ),
    reason: str = typer.Option(..., "--reason", help="Why; stands in the audit."),
    user: str | None = typer.Option(None, "--as", metavar="USER", help="On behalf of this user."),
) -> None:
    """更改规则 Put another policy in force from now on; a running daemon takes it within seconds.

    Cards keep the version that they were issued under. Back to an earlier version: --from its number.

    Example: jiancha policy change --set timeliness.notice_days=3 --reason 局务会 2026-11
    """
    from monitor.supervision.policies import change as carry_out

    def act(opened: Program, conn: Connection, who: Principal) -> str:
        held = opened.policies
        wanted = _wanted(conn, opened, given, origin)
        now: datetime = opened.clock.now()
        number = carry_out(conn, held.settings, who, wanted, base=held.current.number, why=reason, now=now)
        return f"第 {number} 版 version {number}: {wanted.version} 已生效 is in force"

    acting(user, act)


def _wanted(conn: Connection, opened: Program, given: list[str], origin: str | None) -> Policy:
    from monitor.supervision.policykeys import BadPolicy, changed

    base = _named(conn, opened, origin) if origin is not None else opened.policies.current.policy
    pairs = {}
    for one in given:
        key, sign, value = one.partition("=")
        if not sign:
            raise BadInput(f"--set: {one!r} 应写作 is written KEY=VALUE")
        pairs[key.strip().removeprefix("policy.")] = value
    try:
        return changed(base, pairs)
    except BadPolicy as error:
        raise BadInput(f"--set: {error}") from error


def _named(conn: Connection, opened: Program, name: str) -> Policy:
    from monitor.settings import SettingsError, load_policy
    from monitor.supervision.policies import named
    from monitor.supervision.refused import Refused

    if Path(name).is_file():
        try:
            return load_policy(name)
        except SettingsError as error:
            raise BadInput(str(error)) from error
    try:
        return named(conn, opened.policies, name)
    except Refused as error:
        raise BadInput(str(error)) from error
