"""The wheel holds what the program needs away from its checkout: configuration, migrations, licence."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("dist")
    built = next(iter(WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])))
    with zipfile.ZipFile(built) as wheel:
        return set(wheel.namelist())


@pytest.mark.parametrize("folder", ["calendar", "grafana", "mosquitto", "policy", "prometheus", "systemd"])
def test_the_configuration_travels_with_the_program(names: set[str], folder: str) -> None:
    files = [os.path.relpath(path, ROOT / "config") for path in (ROOT / "config" / folder).rglob("*") if path.is_file()]
    assert files
    assert {f"monitor/_config/{file}" for file in files} <= names


def test_migrations_types_and_licence_travel_too(names: set[str]) -> None:
    assert {"monitor/store/migrations/script.py.mako", "monitor/py.typed", "alerts/py.typed"} <= names
    assert any(name.startswith("monitor/store/migrations/versions/0001") for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_nothing_else_is_put_into_site_packages(names: set[str]) -> None:
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"monitor", "alerts"}
