"""The command line (DESIGN §7). Modules of this folder load the program's parts inside their commands, so that `--help`
and `--version` answer at once (everything imported takes 0.7 s, typer alone 0.15 s).
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line on sys.argv and exit: 0 done, 1 finding or failure, 2 bad input."""
    from monitor.cli.running import run_app

    sys.exit(run_app(sys.argv[1:]))
