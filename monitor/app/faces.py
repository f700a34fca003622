"""The encoder for the console: that of the kiosks where there is one, else its own from the first photograph on."""

from __future__ import annotations

import contextlib
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.app.program import Program
from monitor.store.facekeys import KeyStore
from monitor.supervision.facedesk import FaceDesk, Frames

if TYPE_CHECKING:
    from monitor.supervision.kiosk import Kiosks

NEEDED = ("dlib", "cv2", "face_recognition_models", "numpy")


def make_desk(program: Program, kiosks: Kiosks | None, parts: contextlib.ExitStack) -> FaceDesk | None:
    """None where `faces.keys` is not set or the extra is not installed; what is started is ended by `parts`."""
    keys = program.settings.faces.keys
    if not keys or not has_extra():
        return None

    def frames() -> Frames:
        if kiosks is not None and kiosks.faces is not None:
            return kiosks.faces.encoder
        from monitor.supervision.kioskframes import Frames as Started

        made = Started()
        parts.callback(made.close)
        return made

    return FaceDesk(KeyStore(Path(keys)), frames)


def has_extra() -> bool:
    """Whether what the encoder needs is installed; nothing is loaded."""
    return all(find_spec(name) is not None for name in NEEDED)
