"""What a user sees of `cases import`: its progress, its end by Ctrl-C, its account."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, NoReturn

import typer

from monitor.cli.common import Finding, print_json
from monitor.cli.shown import bare

if TYPE_CHECKING:
    from monitor.ingest.account import Imported, Progress, Tally, Watch

LINE_SECONDS: Final = 5.0
"""Between two lines of progress where there is no terminal to draw a bar on."""
INTERRUPTED: Final = 130
"""Exit status after Ctrl-C, as shells have it (128 + SIGINT)."""


class Interrupted(Exception):
    """Ctrl-C was pressed, and the work stands between two transactions."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self.progress = progress


@contextlib.contextmanager
def watched(wanted: bool | None, as_json: bool) -> Iterator[Watch]:
    """The watch of an import: it shows the progress, and Ctrl-C ends it at the next gap between two transactions.

    Progress goes to stderr: a bar on a terminal, a line every few seconds where it is asked for and there is none.
    """
    terminal = sys.stderr.isatty()
    if wanted is False or (wanted is None and (as_json or not terminal)):
        show: contextlib.AbstractContextManager[Watch] = contextlib.nullcontext(lambda progress: None)
    else:
        show = _bar() if terminal else contextlib.nullcontext(_lines(time.monotonic, _to_stderr))
    with show as shown, _interruptible() as asked:

        def watch(progress: Progress) -> None:
            shown(progress)
            if asked.is_set():
                raise Interrupted(progress)

        yield watch


@contextlib.contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """Set by the first Ctrl-C; the second one ends the program where it stands, and its transaction with it."""
    asked = threading.Event()
    before = signal.getsignal(signal.SIGINT)

    def ask(*_: object) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    signal.signal(signal.SIGINT, ask)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


def _to_stderr(text: str) -> None:
    typer.echo(text, err=True)


def _lines(clock: Callable[[], float], say: Callable[[str], None]) -> Watch:
    began = last = clock()

    def watch(progress: Progress) -> None:
        nonlocal began, last
        now = clock()
        if progress.phase == "check":
            began = now
        if now - last < LINE_SECONDS:
            return
        last = now
        say(_line(progress, now - began))

    return watch


def _line(progress: Progress, seconds: float) -> str:
    if progress.phase == "check":
        return f"检查 checking {progress.done:,} / {progress.of:,} bytes"
    speed = progress.new / seconds if seconds else 0
    of, left = "", ""
    if progress.of is not None and progress.of >= progress.done:
        of = f" / {progress.of:,}"
        left = f", 剩余 left {(progress.of - progress.done) / speed:,.0f} s" if speed else ""
    return f"导入 importing {progress.done:,}{of} 行 rows, {speed:,.0f} 行/秒 rows/s{left}"


@contextlib.contextmanager
def _bar() -> Iterator[Watch]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
    )
    names = {"check": "检查 checking (bytes)", "import": "导入 importing (rows)"}
    with Bar(*columns, console=Console(file=bare(sys.stderr))) as bar:
        tasks: dict[str, Any] = {}
        began = time.monotonic()

        def watch(progress: Progress) -> None:
            nonlocal began
            if progress.phase not in tasks:
                began = time.monotonic() if progress.phase == "check" else began
                tasks[progress.phase] = bar.add_task(names[progress.phase], total=progress.of, speed="")
            if progress.phase == "check":
                began = time.monotonic()
            speed = progress.new / max(time.monotonic() - began, 0.001)
            total = progress.of if progress.of is None else max(progress.of, progress.done)
            told = f"{speed:,.0f} 行/秒 rows/s" if progress.phase == "import" else ""
            bar.update(tasks[progress.phase], completed=progress.done, total=total, speed=told)

        yield watch


def end_interrupted(progress: Progress) -> NoReturn:
    """Say what is in and how to go on; exit status 130."""
    tally = progress.tally
    if progress.phase == "check":
        typer.echo("已中断，尚未写入 interrupted: nothing was written", err=True)
    else:
        of = f" / {progress.of:,}" if progress.of is not None else ""
        typer.echo(
            f"已中断 interrupted: 已导入 {tally.rows:,}{of} 行，水位未动；再次运行同一命令，从第 {tally.last_row + 1} "
            f"行继续 | {tally.rows:,}{of} rows are in, the watermark has not moved; the same command goes on at row "
            f"{tally.last_row + 1}",
            err=True,
        )
    raise typer.Exit(INTERRUPTED)


def print_account(done: Imported, as_json: bool) -> None:
    """Every row accounted for; exit status 1 where a row was refused for a fault."""
    tally = done.tally
    if as_json:
        print_json(account(done))
    else:
        if done.resumed_after:
            typer.echo(f"接续：前 {done.resumed_after} 行已在此前导入 resumed behind row {done.resumed_after}")
        typer.echo(
            f"行 rows {tally.rows} = 入库 taken {tally.taken} + 重复 duplicate {tally.duplicate} "
            f"+ 拒收 refused {tally.refused_rows}{_reasons(tally)}"
        )
        typer.echo(
            f"事件 events: 入库 stored {tally.stored}, 重复 duplicates {tally.duplicates}, "
            f"隔离 quarantined {tally.quarantined}"
        )
    for refusal in done.refused:
        typer.echo(f"  第 {refusal.place} 行 row {refusal.place}: {refusal.reason}: {refusal.detail}", err=True)
    if tally.has_faults:
        raise Finding(
            "有数据被拒收，用 `jiancha quarantine list` 或 --refused FILE.csv 查看 "
            "some rows were refused; `jiancha quarantine list` or --refused FILE.csv shows them"
        )


def account(done: Imported) -> dict[str, Any]:
    tally = done.tally
    return {
        "stored": tally.stored,
        "duplicates": tally.duplicates,
        "quarantined": tally.quarantined,
        "rows": {
            "read": tally.rows,
            "taken": tally.taken,
            "duplicate": tally.duplicate,
            "refused": tally.refused_rows,
            "reasons": dict(sorted(tally.refused.items())),
            "resumed_after": done.resumed_after,
        },
    }


def _reasons(tally: Tally) -> str:
    from monitor.wording import row_reason

    if not tally.refused:
        return ""
    return "（" + "，".join(f"{row_reason(r)} {r} {n}" for r, n in sorted(tally.refused.items())) + "）"
