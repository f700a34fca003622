"""The bill of materials: valid CycloneDX, and what the lock, the front-end files and the models are now."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cyclonedx.schema._res as schemas
import jsonschema_rs
import pytest

from tests.conftest import ROOT

SBOM = ROOT / "deploy" / "sbom.cdx.json"


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    return dict(json.loads(SBOM.read_text(encoding="utf-8")))


def test_it_is_what_the_lock_gives() -> None:
    done = subprocess.run([sys.executable, "scripts/sbom.py", "--check"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_it_is_valid_by_its_schema_without_a_network(bill: dict[str, Any]) -> None:
    folder = Path(str(schemas.__file__)).parent
    read = {path.name.replace(".SNAPSHOT", ""): json.loads(path.read_text()) for path in folder.glob("*.json")}
    own = read["bom-1.6.schema.json"]
    known = [
        (f"http://cyclonedx.org/schema/{name.replace('.schema', f'{mark}.schema')}", body)
        for name, body in read.items()
        for mark in ("", ".SNAPSHOT")
    ]
    validator = jsonschema_rs.Draft7Validator(own, registry=jsonschema_rs.Registry(known))
    assert [str(error) for error in validator.iter_errors(bill)] == []
    broken = json.loads(json.dumps(bill))
    broken["components"][0]["type"] = "nonsense"
    assert list(validator.iter_errors(broken))


def test_everything_has_a_name_a_version_and_a_licence(bill: dict[str, Any]) -> None:
    assert {(one["name"], one["version"]) for one in bill["components"] if not one.get("licenses")} == set()
    assert all(one["name"] and one["version"] for one in bill["components"])
    scopes = {one["name"]: one["scope"] for one in bill["components"]}
    assert (scopes["fastapi"], scopes["dlib-bin"], scopes["mypy"]) == ("required", "optional", "excluded")
    kinds = {one["bom-ref"].partition(":")[0] for one in bill["components"]}
    assert kinds == {"pypi", "npm", "model"}
    assert all(one["hashes"] for one in bill["components"] if not one["bom-ref"].startswith("pypi:"))


def test_nothing_that_is_shipped_asks_for_the_licence_of_the_whole(bill: dict[str, Any]) -> None:
    """One of several licences may be chosen; a bill that names the first alone would say otherwise (pyphen's three)."""
    shipped = [one for one in bill["components"] if one.get("scope") != "excluded"]
    assert len(shipped) > 50

    def asks(one: dict[str, Any]) -> bool:
        ((_, said),) = [
            (kind, part if kind == "expression" else part.get("id") or part["name"])
            for licence in one["licenses"]
            for kind, part in licence.items()
            if kind in ("expression", "license")
        ]
        return all(choice.startswith(("GPL", "AGPL", "GNU General", "GNU Affero")) for choice in said.split(" OR "))

    assert [one["name"] for one in shipped if asks(one)] == []
