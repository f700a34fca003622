"""The `jiancha` command, as a process of its own without its start: forked from one that has imported everything.

Most of a short command's time goes into imports, and the tests run a thousand of them. A child has its own environment,
folder, output and exit status; what is lost is what a test of the start itself needs (it runs the program).
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent
_server: subprocess.Popen[str] | None = None


def run(
    arguments: Sequence[str], *, env: Mapping[str, str], cwd: Path | None = None, timeout: float = 240
) -> subprocess.CompletedProcess[str]:
    """The command with these arguments and this whole environment; the child is killed after `timeout` seconds."""
    with tempfile.TemporaryDirectory() as folder:
        files = [f"{folder}/stdout", f"{folder}/stderr"]
        asked = {
            "arguments": list(arguments), "env": dict(env), "cwd": str(cwd or Path.cwd()), "files": files,
            "timeout": timeout,
        }  # fmt: skip
        status = _ask(asked)
        out, err = (Path(name).read_text(encoding="utf-8", errors="replace") for name in files)
    if status == -signal.SIGALRM:
        raise subprocess.TimeoutExpired(list(arguments), timeout, out, err)
    return subprocess.CompletedProcess(list(arguments), status, out, err)


def _ask(asked: Mapping[str, Any]) -> int:
    global _server
    if _server is None or _server.poll() is not None:
        _server = subprocess.Popen(
            [sys.executable, "-m", "tests.forked"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HERE
        )
        atexit.register(_end, _server)
    assert _server.stdin is not None
    assert _server.stdout is not None
    _server.stdin.write(json.dumps(asked) + "\n")
    _server.stdin.flush()
    return int(_server.stdout.readline())


def _end(server: subprocess.Popen[str]) -> None:
    assert server.stdin is not None
    with contextlib.suppress(OSError):
        server.stdin.close()
    server.wait()


# --------------------------------------------------------------------------- the process that forks


def _serve() -> None:
    """Read a line, run its command in a child, write its status; a signal that ended it as in `subprocess`."""
    _import_all()
    answers = os.dup(1)
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            _be(asked)
        _, ended = os.waitpid(child, 0)
        os.write(answers, f"{os.waitstatus_to_exitcode(ended)}\n".encode())


def _import_all() -> None:
    """What commands import when they run; none of it starts a thread or reads the environment."""
    import monitor.__main__
    import monitor.app.program
    import monitor.supervision.rules
    import monitor.supervision.views  # noqa: F401


def _be(asked: Mapping[str, Any]) -> None:
    """The child: never comes back."""
    status = 1
    try:
        signal.alarm(int(asked["timeout"]))
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, name in enumerate(asked["files"], 1):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
        os.environ.clear()
        os.environ.update(asked["env"])
        os.chdir(asked["cwd"])
        from monitor.cli.common import run_app

        status = run_app(asked["arguments"])
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(status)


if __name__ == "__main__":
    _serve()
