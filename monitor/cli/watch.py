"""`watch`: the post watcher."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import typer

from monitor.cli.common import BadInput, config_file


def register(app: typer.Typer) -> None:
    app.command("watch")(watch)


def watch(
    camera: str | None = typer.Option(
        None, "--camera", metavar="SOURCE", help="USB number, rtsp:// address, video file or folder of pictures."
    ),
    config: Path | None = typer.Option(None, "--config", metavar="FILE", help="The watcher's file (docs/watcher.md)."),
    check: bool = typer.Option(False, "--check", help="Check the file, print the regions and stop."),
    snapshot: Path | None = typer.Option(
        None, "--snapshot", metavar="PICTURE", help="Write one frame with the regions drawn in, and stop."
    ),
) -> None:
    """岗位视频巡查 Watch service windows by camera and publish presence as a device; no picture leaves the machine.

    Example: jiancha watch --camera rtsp://10.0.0.9/sub --config watch.toml
    """
    if find_spec("cv2") is None:
        raise BadInput("缺少图像库 OpenCV is missing; pip install 'jiancha[faces]'")
    from monitor.agents.device.config import BadConfig
    from monitor.agents.device.kept import QueueError
    from monitor.agents.postwatch import program
    from monitor.agents.postwatch.config import load
    from monitor.attendance.recognition.vision.detectors import DetectorError
    from monitor.attendance.recognition.vision.frames import SourceError
    from monitor.clock import Clock

    file = config or config_file()  # --config is the program's own option too, and taken wherever it stands
    if file is None:
        raise BadInput("--config: 须给出文件 give the watcher's file; docs/watcher.md shows one")
    try:
        loaded = load(file)
        if check:
            for line in program.checked(loaded, camera):
                typer.echo(line)
        if snapshot is not None:
            program.snapshot(loaded, camera, snapshot, Clock())
            typer.echo(f"{snapshot}: 已写入 written; 看过后请删除 delete it once it was looked at", err=True)
        if not check and snapshot is None:
            program.watch(loaded, camera, Clock())
    except (BadConfig, DetectorError, SourceError, QueueError) as error:
        raise BadInput(str(error)) from error
    except OSError as error:
        raise BadInput(f"--snapshot: {snapshot}: {error.strerror}") from error
