"""The medium with photographs that the reader of the chapter on faces has brought, out of the sample data."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path


def lay_photographs(medium: Path, data: Path) -> None:
    """As the page has them: of two members of staff, newer ones and one more of the first, and one of a stranger."""
    one = [data / "faces" / "fr_obama" / f"{n}.jpg" for n in range(1, 7)]
    other = [data / "faces" / "fr_kit_harington" / f"{n}.jpg" for n in range(1, 4)]
    _lay(medium / "photos" / "s-001", one[:3])
    _lay(medium / "photos" / "s-002", other)
    _lay(medium / "photos-new" / "s-001", one[3:])
    shutil.copyfile(one[4], medium / "photos" / "now.jpg")
    shutil.copyfile(data / "faces" / "fr_biden" / "1.jpg", medium / "photos" / "stranger.jpg")


def _lay(folder: Path, photographs: Iterable[Path]) -> None:
    folder.mkdir(parents=True)
    for path in photographs:
        shutil.copyfile(path, folder / path.name)
