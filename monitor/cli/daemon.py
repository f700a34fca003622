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
    import os
    from concurrent.futures import ThreadPoolExecutor

    from monitor.ops.sdnotify import ServiceManager
    from monitor.store.integrity import damage, way_out

    ServiceManager.of(os.environ, os.getpid()).status(
        "正在打开库 opening the store: 其服务器未应答则等待 waits for its server"
    )
    with program(wait=True) as opened:
        with ThreadPoolExecutor(1) as beside:  # a large file is read while the daemon's code is loaded
            reading = beside.submit(damage, opened.store)
            from monitor.app.daemon import Unusable, run_daemon

            broken = reading.result()
        if broken is not None:
            raise BadInput(way_out(opened.store.url, broken))
        try:
            run_daemon(opened)
        except Unusable as error:
            raise BadInput(str(error)) from error
