"""Tools of the tests from npm (`scripts/web-tools`): axe-core, es-check, doiuse, a real OpenID provider."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

from tests.conftest import ROOT, skip_or_fail

FOLDER: Final = ROOT / "build" / "web-tools"
NAMED: Final = ROOT / "tests" / "web"


def web_tools() -> Path:
    """The folder that holds their node_modules; a skip (a failure in CI) where it is not there or an older one."""
    wanted = hashlib.sha256(b"".join((NAMED / name).read_bytes() for name in ("package.json", "package-lock.json")))
    digest = FOLDER / ".digest"
    if shutil.which("node") is None or not digest.is_file() or digest.read_text().strip() != wanted.hexdigest():
        skip_or_fail("no tools from npm: `make packages` installs them (scripts/web-tools)")
    return FOLDER


def node(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a script of tests/web or a tool of the folder."""
    return subprocess.run(["node", *words], capture_output=True, text=True, timeout=120, **options)
