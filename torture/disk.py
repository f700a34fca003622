"""A small file system for the store, so that it can be full; a plain folder where nothing can be mounted."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

BLOCK: Final = b"\0" * 65_536


class Disk:
    """`is_small` False: mounting is not permitted here (it takes root), and `fill` does nothing.

    Its folder is one that every user may enter: where the tests run as root, PostgreSQL does as somebody else.
    """

    def __init__(self, megabytes: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="jiancha-torture-disk-"))
        self.folder.chmod(0o755)
        self.is_small = os.geteuid() == 0 and self._mount(megabytes)
        self._ballast = self.folder / "ballast"

    def fill(self) -> None:
        """Take what is left of it."""
        if not self.is_small:
            return
        with self._ballast.open("ab", buffering=0) as out:
            for block in (BLOCK, BLOCK[:4096]):
                try:
                    while True:
                        out.write(block)
                except OSError:
                    continue

    def empty(self) -> None:
        self._ballast.unlink(missing_ok=True)

    def close(self) -> None:
        if self.is_small:
            subprocess.run(["umount", str(self.folder)], check=False, capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _mount(self, megabytes: int) -> bool:
        words = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(self.folder)]
        return subprocess.run(words, check=False, capture_output=True).returncode == 0
