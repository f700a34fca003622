"""`scripts/wheelhouse`: an installation from a folder alone, on a machine that reaches no index.

In every run with a project of two small packages; the product itself, with all that it needs, in the long test.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from hatchling.builders.wheel import WheelBuilder

from monitor.store.migrate import HEAD
from tests.conftest import ROOT, Eventually
from tests.mosquitto import DAEMON, PASSWORD, Mosquitto

NOWHERE = "http://127.0.0.1:9/"
OFFLINE = {
    "PATH": os.environ["PATH"],
    "PYTHON": sys.executable,
    "PIP_INDEX_URL": NOWHERE,
    **dict.fromkeys(("http_proxy", "https_proxy", "all_proxy"), NOWHERE),
}
"""A machine whose every way to an index leads nowhere."""


def call(script: Path, *words: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [script, *map(str, words)], env=OFFLINE | more, capture_output=True, text=True, timeout=600, cwd="/"
    )


def done(script: Path, *words: str | Path, **more: str) -> str:
    ended = call(script, *words, **more)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def refused(script: Path, *words: str | Path) -> str:
    ended = call(script, *words)
    assert ended.returncode != 0
    return ended.stderr


BILL = {
    "bomFormat": "CycloneDX",
    "components": [
        {"bom-ref": "pypi:tiny", "name": "tiny", "version": "1.0", "scope": "required"},
        {"bom-ref": "pypi:pytest", "name": "pytest", "version": "9", "scope": "excluded"},
        {"bom-ref": "npm:htmx.org/htmx.min.js", "name": "htmx.org", "version": "2.0.11", "scope": "required"},
    ],
    "dependencies": [{"ref": "jiancha", "dependsOn": ["pypi:tiny", "pypi:pytest"]}, {"ref": "pypi:pytest"}],
}


def package(folder: Path, name: str, version: str, body: str, more: str = "") -> Path:
    """A project of one module, whose wheel needs no index to be built."""
    folder.mkdir(parents=True)
    (folder / f"{name}.py").write_text(body)
    (folder / "pyproject.toml").write_text(
        f'[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        f'[project]\nname = "{name}"\nversion = "{version}"\n{more}\n'
        f'[tool.hatch.build.targets.wheel]\ninclude = ["{name}.py"]\n'
    )
    return folder


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """`small(version)`: the folder that the script made of a `jiancha` of this version, which needs one `tiny`."""
    base = tmp_path_factory.mktemp("wheelhouse")
    wheels = base / "mirror"
    for version in ("1.0", "2.0"):
        body = f"VERSION = {version!r}\n"
        built = WheelBuilder(str(package(base / f"tiny-{version}", "tiny", version, body)))
        list(built.build(directory=str(wheels), versions=["standard"]))

    def build(version: str) -> Path:
        there = base / f"house-{version}"
        if not there.exists():
            needs = 'dependencies = ["tiny"]\n[project.scripts]\njiancha = "jiancha:main"\n'
            body = f"import tiny\ndef main():\n    print({version!r}, tiny.VERSION)\n"
            project = package(base / f"jiancha-{version}", "jiancha", version, body, needs)
            (project / "requirements.lock").write_text("tiny==1.0  # not the newest\n")
            (project / "config").mkdir()
            (project / "config" / "version.txt").write_text(version)
            (project / "scripts").mkdir()
            shutil.copy(ROOT / "scripts" / "wheelhouse", project / "scripts")
            (project / "deploy").mkdir()
            (project / "deploy" / "sbom.cdx.json").write_text(json.dumps(BILL))
            done(project / "scripts" / "wheelhouse", "build", there, "--from", wheels)
        return there

    return build


def says(prefix: Path) -> str:
    return subprocess.run([prefix / ".venv/bin/jiancha"], capture_output=True, text=True, check=True).stdout.strip()


def test_a_release_is_installed_beside_the_old_one_and_can_be_gone_back_to(
    small: Callable[[str], Path], tmp_path: Path
) -> None:
    prefix = tmp_path / "opt"
    assert "jiancha==7 --hash=sha256:" in (small("7") / "requirements.txt").read_text()
    done(small("7") / "wheelhouse", "install", prefix)
    assert says(prefix) == "7 1.0", "not the version of the lock"
    done(small("8") / "wheelhouse", "install", prefix)
    assert says(prefix) == "8 1.0"
    assert (prefix / "config" / "version.txt").read_text() == "8"
    old = next(path.name for path in (prefix / "releases").iterdir() if path.name.startswith("7-"))
    done(small("8") / "wheelhouse", "use", old, prefix)
    assert says(prefix) == "7 1.0"
    assert (prefix / "config" / "version.txt").read_text() == "7"
    assert "no release 6" in refused(small("8") / "wheelhouse", "use", "6", prefix)
    assert says(prefix) == "7 1.0"


def test_the_bill_of_materials_is_of_what_is_carried(small: Callable[[str], Path], tmp_path: Path) -> None:
    house, prefix = small("7"), tmp_path / "opt"
    bill = json.loads((house / "sbom.cdx.json").read_text())
    assert [part["bom-ref"] for part in bill["components"]] == ["pypi:tiny", "npm:htmx.org/htmx.min.js"]
    wheel = next((house / "wheels").glob("tiny-*.whl"))
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert bill["components"][0]["hashes"] == [{"alg": "SHA-256", "content": digest}]
    assert bill["dependencies"] == [{"ref": "jiancha", "dependsOn": ["pypi:tiny"]}]
    done(house / "wheelhouse", "install", prefix)
    assert (prefix / ".venv" / "sbom.cdx.json").read_text() == (house / "sbom.cdx.json").read_text()


def copied(house: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(house, tmp_path / "carried"))


def test_a_wheel_that_changed_on_its_way_is_refused(small: Callable[[str], Path], tmp_path: Path) -> None:
    house = copied(small("7"), tmp_path)
    wheel = next((house / "wheels").glob("tiny-*.whl"))
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    assert "not as it was made" in refused(house / "wheelhouse", "install", tmp_path / "opt")
    # …and by pip where the list of digests was changed with it
    sums = house / "SHA256SUMS"
    lines = [line for line in sums.read_text().splitlines() if not line.endswith(wheel.name)]
    lines.append(f"{hashlib.sha256(wheel.read_bytes()).hexdigest()}  ./wheels/{wheel.name}")
    sums.write_text("\n".join(lines) + "\n")
    assert "DO NOT MATCH THE HASHES" in refused(house / "wheelhouse", "install", tmp_path / "opt")
    assert not (tmp_path / "opt" / ".venv").exists()


def test_what_cannot_be_installed_is_refused_with_a_word(small: Callable[[str], Path], tmp_path: Path) -> None:
    prefix = tmp_path / "opt"
    (prefix / ".venv").mkdir(parents=True)
    assert "move it away" in refused(small("7") / "wheelhouse", "install", prefix)
    house = copied(small("7"), tmp_path)
    (house / "platform").write_text("python3.99 linux-mips\n")
    assert "made for python3.99 linux-mips" in refused(house / "wheelhouse", "install", tmp_path / "other")
    assert "is not empty" in refused(small("7").parent / "jiancha-7" / "scripts" / "wheelhouse", "build", house)
    assert "called in a checkout" in refused(house / "wheelhouse", "build", tmp_path / "new")
    assert "wheelhouse build DIR" in refused(house / "wheelhouse")


@pytest.mark.long
def test_the_product_is_installed_without_an_index_and_runs(
    tmp_path: Path, tool: Callable[[str], str], free_port: Callable[[], int], eventually: Eventually
) -> None:
    """Built with the index that pip is set to, from no more than the image copies; then everything from the folder."""
    source = tmp_path / "src"
    for line in re.findall(r"^COPY (?!--)(.*)$", (ROOT / "deploy" / "Dockerfile").read_text(), re.MULTILINE):
        for name in line.split()[:-1]:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, source / name)
    subprocess.run(
        [source / "scripts" / "wheelhouse", "build", tmp_path / "house", "--faces"], check=True, timeout=900,
        env=os.environ | {"PYTHON": sys.executable}, cwd="/",
    )  # fmt: skip
    prefix = tmp_path / "opt"
    done(tmp_path / "house" / "wheelhouse", "install", prefix)
    jiancha = prefix / ".venv" / "bin" / "jiancha"
    here = {"JIANCHA_STORE__URL": f"sqlite:///{tmp_path / 'jiancha.sqlite'}"}
    assert done(jiancha, "--version").startswith("0.")
    config = tmp_path / "jiancha.toml"
    config.write_text(
        '[alerts.receivers]\nduty = { url = "json://127.0.0.1:9/" }\n[[alerts.routes]]\nreceivers = ["duty"]\n'
    )
    here["JIANCHA_CONFIG"] = str(config)
    done(jiancha, "config", "check", **here)
    done(jiancha, "db", "upgrade", **here)
    with contextlib.closing(sqlite3.connect(tmp_path / "jiancha.sqlite")) as store:
        assert store.execute("select version_num from alembic_version").fetchall() == [(HEAD,)]
    with Mosquitto(tmp_path / "broker", free_port(), program=tool("mosquitto")) as broker:
        mqtt = {"PORT": str(broker.port), "USERNAME": DAEMON, "PASSWORD": PASSWORD}
        environment = OFFLINE | here | {"JIANCHA_HTTP__PORT": "0"} | {f"JIANCHA_MQTT__{k}": v for k, v in mqtt.items()}
        log = tmp_path / "log"
        with log.open("wb") as err:
            daemon = subprocess.Popen([jiancha, "run"], env=environment, stderr=err, cwd="/")
        try:
            lines = lambda: [json.loads(one) for one in log.read_text().splitlines() if one.endswith("}")]  # noqa: E731
            url = eventually(lambda: next((x["http"] for x in lines() if x.get("action") == "daemon.started"), ""), 60)
            eventually(lambda: httpx.get(f"{url}/readyz").status_code == 200, 60, "it is not ready")
            assert httpx.get(f"{url}/sign-in", follow_redirects=True).status_code == 200, "no page"
        finally:
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(60) == 0
