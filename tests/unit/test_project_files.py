"""The project around the code: what a stranger's machine and a package index rely on."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from monitor.exports.pdf import PACKAGES

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return {normal(found[1]): found[2] for line in lines if (found := re.match(r"([\w.-]+)==(\S+)", line))}


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_the_lock_pins_all_that_is_required() -> None:
    required = [*PROJECT["project"]["dependencies"], *sum(PROJECT["project"]["optional-dependencies"].values(), [])]
    names = {normal(found[0]) for text in required if (found := re.match(r"[\w.-]+", text))}
    assert names - locked().keys() == set(), "run: make lock"


def test_the_lock_names_no_index_and_no_folder() -> None:
    text = (ROOT / "requirements.lock").read_text()
    assert re.findall(r"https?://|file:/|--(?:index|extra-index|find-links|trusted-host)", text) == []


def test_the_lock_of_npm_names_no_registry_and_pins_what_is_asked_for() -> None:
    asked = json.loads((ROOT / "tests" / "web" / "package.json").read_text())["dependencies"]
    packages = json.loads((ROOT / "tests" / "web" / "package-lock.json").read_text())["packages"]
    assert [name for name, one in packages.items() if "resolved" in one] == []
    assert {name: packages[f"node_modules/{name}"]["version"] for name in asked} == asked
    assert all(one["integrity"].startswith("sha512-") for name, one in packages.items() if name)


def test_the_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert PROJECT["project"]["license"] == "Apache-2.0"
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text


@pytest.mark.parametrize(
    "name", [".ci/run", "scripts/make-venv", "scripts/debian-packages", "scripts/web-tools", "scripts/wheelhouse"]
)
def test_the_scripts_run(name: str) -> None:
    path = ROOT / name
    assert os.access(path, os.X_OK)
    assert subprocess.run(["bash", "-n", str(path)]).returncode == 0


def test_ci_runs_the_tests_and_says_that_it_is_ci() -> None:
    text = (ROOT / ".ci" / "run").read_text()
    assert "export CI=true" in text
    assert "make test" in text


@pytest.mark.parametrize(("ci", "status"), [("", 0), ("true", 1)])
def test_a_missing_package_is_a_word_locally_and_a_failure_in_ci(tmp_path: Path, ci: str, status: int) -> None:
    """With no apt-get in reach and a program that exists nowhere."""
    for tool in ("bash", "id", "env"):
        (tmp_path / tool).symlink_to(f"/usr/bin/{tool}")
    script = (ROOT / "scripts" / "debian-packages").read_text().replace("PATH=$PATH:/usr/sbin:/sbin\n", "")
    (tmp_path / "script").write_text(script)
    done = subprocess.run(
        ["/usr/bin/bash", str(tmp_path / "script"), "no-such-package"],
        env={"PATH": str(tmp_path), "CI": ci},
        capture_output=True,
        text=True,
    )
    assert done.returncode == status
    assert "missing: no-such-package" in done.stderr
    assert "apt-get install no-such-package" in done.stderr


def test_no_file_names_a_machine() -> None:
    """No path of a developer's machine, no password that is not an example's."""
    homes = re.compile(r"/(?:home|root|Users)/[a-z]")
    found = []
    for path in tracked():
        if path.suffix in {".py", ".md", ".toml", ".yml", ".json", ".service", ".conf", ""} and path.is_file():
            found += [str(path) for line in path.read_text(errors="replace").splitlines() if homes.search(line)]
    assert found == []


def test_long_tests_are_left_out_of_the_short_run() -> None:
    makefile = (ROOT / "Makefile").read_text()
    short = re.search(r"^test:.*?(?=\n\n)", makefile, re.MULTILINE | re.DOTALL)
    assert short is not None
    assert '-m "not long"' in short[0]
    for target in ("setup", "demo", "test", "test-long", "bench", "scale", "torture", "lint", "lock", "clean"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_makefile_installs_what_a_pdf_needs() -> None:
    line = next(x for x in (ROOT / "Makefile").read_text().splitlines() if x.startswith("PDF_PACKAGES := "))
    assert tuple(line.split()[2:]) == PACKAGES
