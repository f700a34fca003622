"""A checkout of the product for the room: what the wheelhouse is built from, and what a release unpacked looks like."""

from __future__ import annotations

import shutil
import sys
import tomllib
from pathlib import Path
from typing import Final

from tests.guide.page import ROOT

CLIENT: Final = Path(__file__).parent / "programs" / "client.py"
VERSION: Final = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
PROJECT: Final = """[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "jiancha"
version = "VERSION"

[project.optional-dependencies]
faces = []

[project.scripts]
jiancha = "jiancha:main"

[tool.hatch.build.targets.wheel]
include = ["jiancha.py"]
"""


def lay_checkout(folder: Path, version: str, *, real: bool) -> None:
    """`real`: all that the product is built from; else a project of its name whose command asks the room."""
    folder.mkdir(parents=True)
    for name in ("config", "docs", "scripts"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("images", "adr", "__pycache__"))
    for name in ("Makefile", "README.md", "CHANGELOG.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    if real:
        for name in ("monitor", "alerts"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "requirements.lock"):
            shutil.copy(ROOT / name, folder / name)
        _command(folder, f'#!/bin/sh\nexec {sys.executable} -m monitor "$@"\n')  # what make setup would have made
        project = folder / "pyproject.toml"
        project.write_text(project.read_text().replace(f'version = "{VERSION}"', f'version = "{version}"'))
        return
    (folder / "pyproject.toml").write_text(PROJECT.replace("VERSION", version))
    (folder / "requirements.lock").write_text("")
    (folder / "jiancha.py").write_text(CLIENT.read_text().replace('name: str = ""', 'name: str = "jiancha"'))
    _command(folder, f"#!{sys.executable} -SI\n{CLIENT.read_text()}")


def _command(folder: Path, text: str) -> None:
    path = folder / ".venv" / "bin" / "jiancha"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    path.chmod(0o755)
