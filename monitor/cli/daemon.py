"""`run`: the daemon."""

from __future__ import annotations

import typer

from monitor.cli.common import BadInput, program


def register(app: typer.Typer) -> None:
    app.command("run")(run)


def run() -> None:
    """运行守护进程 Run the daemon: hear the devices, judge, tell people, answer HTTP, until SIGTERM or SIGINT.

    Example: jiancha --config /etc/jiancha/jiancha.toml run
    """
    from monitor.app.daemon import Unusable, run_daemon
    from monitor.store.integrity import damage, way_out

    with program(wait=True) as opened:
        broken = damage(opened.store)
        if broken is not None:
            raise BadInput(way_out(opened.store.url, broken))
        try:
            run_daemon(opened)
        except Unusable as error:
            raise BadInput(str(error)) from error
