"""`cards export`: one card's whole file as evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import typer

from monitor.cli.common import INT64, BadInput, Finding, actor, program, reason_of


def register(app: typer.Typer) -> None:
    app.command("export")(export)


def export(
    number: int = typer.Argument(..., min=1, max=INT64, help="Number of the card."),
    output: Path = typer.Option(..., "-o", "--output", metavar="FILE", help="Where to write it: .json or .pdf."),
    with_files: bool = typer.Option(False, "--with-files", help="In JSON: the attachments too, base64 by digest."),
    language: str | None = typer.Option(None, "--lang", metavar="zh|en", help="Language; default: key `language`."),
) -> None:
    """导出牌卷 Export a card's whole file as evidence: explanation, history, files, who was told, sealed audit rows.

    Example: jiancha cards export 17 -o 17.pdf
    """
    from monitor.exports.card import BadExport, export_card
    from monitor.exports.pdf import CannotPrint

    if language not in (None, "zh", "en"):
        raise BadInput(f"--lang: {language!r} 不在可选值之内 is none of zh, en")
    with program(writing=False) as opened, opened.store.read() as conn:
        lang: Literal["zh", "en"] = "en" if (language or opened.settings.language) == "en" else "zh"
        try:
            digest = export_card(
                conn, number, opened.zones(conn), output, now=opened.clock.now(), actor=actor(), lang=lang,
                with_files=with_files,
            )  # fmt: skip
        except (BadExport, CannotPrint) as error:
            raise BadInput(f"cards export: {error}") from error
        except FileNotFoundError:
            raise BadInput(f"--output {output}: 没有此文件夹 there is no such folder; make it first") from None
        except OSError as error:
            raise Finding(f"--output {output}: {reason_of(error)}") from error
    typer.echo(f"{output}  SHA-256 {digest}")
