"""Running the command line: the tree of commands, and what a command that ends in an error says and gives."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import cache

import structlog
import typer
from typer.main import get_command

from monitor.cli.common import BadInput, Finding, log_to_stderr, new_app
from monitor.cli.shown import terminals_shown
from monitor.redact import SECRETS


@cache
def commands() -> Callable[..., object]:
    """The tree of all commands. Typer makes it anew at each call; a process that runs many needs it once."""
    from monitor.cli.parts import app

    return get_command(app)


def daemon_alone() -> Callable[..., object]:
    """The tree of `run` alone: a daemon runs for months, and the other commands are 5 MB."""
    from monitor.cli import daemon

    app = new_app()
    daemon.register(app)
    return get_command(app)


def run_app(arguments: Sequence[str]) -> int:
    """Run the app; gives the exit status: 0 done, 1 finding or failure, 2 bad input."""
    log_to_stderr()
    with terminals_shown():
        return _ran(arguments)


def _ran(arguments: Sequence[str]) -> int:
    words = _config_first(list(arguments))
    try:
        (daemon_alone if _command(words) == "run" else commands)()(args=words)
    except SystemExit as ended:  # typer's own: usage errors are 2, a command that came to its end 0
        return ended.code if isinstance(ended.code, int) else 1
    except KeyboardInterrupt:
        return 1
    except BadInput as error:
        typer.echo(SECRETS.scrub(f"错误 error: {error}"), err=True)
        return 2
    except Finding as error:
        typer.echo(SECRETS.scrub(str(error)), err=True)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader went away (`| head`)
        return 0
    except Exception as error:
        return _failed(error)
    return 0


def _failed(error: Exception) -> int:
    """What no command foresaw: one sentence to the user, the traceback as a log line for whoever mends it."""
    structlog.get_logger(__name__).exception("a command failed", action="command.failed")
    said = f"程序出错 failed: {type(error).__name__}: {error}; 请连同上面的日志反馈 report it with the log above"
    typer.echo(SECRETS.scrub(said), err=True)
    return 1


def _config_first(arguments: list[str]) -> list[str]:
    """`--config FILE` is taken wherever it stands, not only before the command."""
    for index, word in enumerate(arguments):
        if word == "--":
            break
        if word.startswith("--config="):
            return [word, *arguments[:index], *arguments[index + 1 :]]
        if word == "--config" and index + 1 < len(arguments):
            return [*arguments[index : index + 2], *arguments[:index], *arguments[index + 2 :]]
    return arguments


def _command(words: Sequence[str]) -> str | None:
    """The first word after `--config`, which is a command if it is none of the other options."""
    rest = words[2:] if words[:1] == ["--config"] else [word for word in words if not word.startswith("--config=")]
    return rest[0] if rest else None
