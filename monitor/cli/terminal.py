"""`terminal`, `terminal token`: check-in by face before a camera."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import typer

from monitor.cli.common import BadInput, actor, config_file, program

terminal_app = typer.Typer(invoke_without_command=True)


def register(app: typer.Typer) -> None:
    app.add_typer(terminal_app, name="terminal")


@terminal_app.callback()
def terminal(
    context: typer.Context,
    camera: str | None = typer.Option(
        None, "--camera", metavar="SOURCE", help="USB number, rtsp:// or http:// address, video file or folder."
    ),
    config: Path | None = typer.Option(
        None, "--config", metavar="FILE", help="The terminal's file (docs/terminal.md)."
    ),
    check: bool = typer.Option(False, "--check", help="Check the file, print what would run, and stop."),
    as_json: bool = typer.Option(False, "--json", help="What people are told as JSON lines, for a display beside it."),
) -> None:
    """人脸签到终端 Check people in by face before a camera and publish it as a device; no picture is stored or sent.

    Example: jiancha terminal --camera 0 --config terminal.toml
    """
    if context.invoked_subcommand is not None:
        return
    if any(find_spec(name) is None for name in ("cv2", "dlib")):
        raise BadInput("缺少人脸组件 the extra `faces` is missing; pip install 'jiancha[faces]'")
    from monitor.agents.device.config import BadConfig
    from monitor.agents.device.kept import QueueError
    from monitor.agents.terminal import program as terminal_program
    from monitor.agents.terminal.config import load
    from monitor.attendance.recognition.vision.frames import SourceError
    from monitor.clock import Clock

    file = config or config_file()  # as in `watch`
    if file is None:
        raise BadInput("--config: 须给出文件 give the terminal's file; docs/terminal.md shows one")
    try:
        loaded = load(file)
        if check:
            for line in terminal_program.checked(loaded, camera):
                typer.echo(line)
            return
        terminal_program.terminal(
            loaded, camera, Clock(), display=sys.stdout, numbers=sys.stdin, as_json=as_json
        )  # fmt: skip
    except (BadConfig, SourceError, QueueError) as error:
        raise BadInput(str(error)) from error


@terminal_app.command("token")
def token(device: str = typer.Option(..., "--device", metavar="ID", help="The terminal in the registry.")) -> None:
    """签发终端令牌 Make the token with which a terminal fetches its gallery, and can do nothing else; printed once.
    Run it on the hall's server.

    Example: jiancha terminal token --device gate-1
    """
    from monitor.supervision.tokens import create_gallery_token

    with program() as opened:
        now = opened.clock.now()
        try:
            made = opened.store.step(lambda conn: create_gallery_token(conn, device, now=now, actor=actor()))
        except ValueError as error:
            raise BadInput(str(error)) from error
    typer.echo(made)
