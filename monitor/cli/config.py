"""`config check|schema`, `db upgrade`."""

from __future__ import annotations

import os

import typer

from monitor.cli.common import BadInput, Finding, print_json, program, settings, store_errors

config_app = typer.Typer(no_args_is_help=True, help="配置 the configuration")
db_app = typer.Typer(no_args_is_help=True, help="数据库 the store")


def register(app: typer.Typer) -> None:
    app.add_typer(config_app, name="config")
    app.add_typer(db_app, name="db")


@config_app.command("check")
def check() -> None:
    """检查配置 Check the configuration, and the registry against it: what no route tells, what no source can say.

    Example: jiancha --config jiancha.toml config check
    """
    from monitor.app import lone_group
    from monitor.ops.checks import check_configuration, check_receivers
    from monitor.ops.doctor.policycheck import check_policy

    refusal = lone_group(settings())
    if refusal is not None:
        raise BadInput(refusal)
    with program(writing=False) as opened:
        opened.adapters()
        opened.feeds()
        judge = opened.judge()
        with opened.store.read() as conn:
            look = judge.look(conn, opened.clock.now())
            findings = check_configuration(look, opened.settings)
        policy = check_policy(opened.policies)
        typer.echo(f"规则 policy: {policy.why}")
        if not policy.ok:
            findings.append(f"规则 policy: {policy.why}; {policy.fix}")
        findings = [*check_receivers(opened.settings, os.environ, opened.clock.real_now), *findings]
    for text in findings:
        typer.echo(text)
    if findings:
        raise Finding(f"{len(findings)} 项需要处理 to be looked at")
    typer.echo("配置可用 the configuration is in order")


@config_app.command("schema")
def schema(
    name: str = typer.Argument(..., help="settings, policy, alerts, map, adapter, or a channel such as checkin"),
) -> None:
    """打印结构 Print the JSON Schema of a channel, map, adapter, policy or settings file.

    Example: jiancha config schema checkin
    """
    from monitor.ops.schemas import all_schemas

    schemas = all_schemas()
    if name not in schemas:
        raise BadInput(f"schema: {name!r} 不在可选值之内 is none of {', '.join(sorted(schemas))}")
    print_json(schemas[name])


@db_app.command("upgrade")
def upgrade() -> None:
    """升级库结构 Bring the store to this program's schema; on PostgreSQL make the months ahead, too.

    Example: jiancha db upgrade
    """
    from monitor.app.upkeep import keep_up
    from monitor.cli.ops import unopened
    from monitor.store.migrate import upgrade as bring_up

    with store_errors(settings().store.url), unopened(settings(), writing=True) as opened:
        done = bring_up(opened.store)
        keep_up(opened)
    typer.echo("已升级 upgraded" if done else "已是最新 up to date")
