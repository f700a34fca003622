"""The kiosks of the daemon (签到终端), with the encoder's process where faces can be compared."""

from __future__ import annotations

import contextlib
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from monitor.app.program import Program
from monitor.metrics import Metrics
from monitor.store.facekeys import KeyStore
from monitor.supervision.kiosk import Kiosks

if TYPE_CHECKING:
    from monitor.supervision.kioskfaces import KioskFaces

log = structlog.get_logger(__name__)


def make_kiosks(program: Program, metrics: Metrics, parts: contextlib.ExitStack) -> Kiosks | None:
    """None unless `kiosk.enabled`. Faces come in where `faces.keys` is set and the extra is installed; without them
    kiosks take PINs alone, and the log says why.
    """
    settings = program.settings
    if not settings.kiosk.enabled:
        return None
    faces = _make_faces(program, metrics, parts) if settings.faces.keys else None
    if faces is None:
        log.info("kiosks take PINs alone", action="kiosk.no_faces", faces_keys=settings.faces.keys)
    metrics.start_kiosks(faces.frames if faces is not None else _no_frames)
    return Kiosks(
        store=program.store, clock=program.clock, registry=program.registry, settings=settings.kiosk,
        policy=settings.policy.face, checkin=settings.policy.checkin, told=metrics.attempt, faces=faces,
    )  # fmt: skip


def _no_frames() -> dict[str, int]:
    return {"encoded": 0, "dropped": 0, "lost": 0}


def _make_faces(program: Program, metrics: Metrics, parts: contextlib.ExitStack) -> KioskFaces | None:
    try:
        for needed in ("dlib", "cv2", "face_recognition_models"):  # looked for alone: the child loads them
            if find_spec(needed) is None:
                raise ImportError(name=needed)
        from monitor.supervision.kioskfaces import KioskFaces
        from monitor.supervision.kioskframes import Frames
        from monitor.supervision.kioskgallery import LiveGallery
    except ImportError as error:
        log.warning("faces need: pip install 'jiancha[faces]'", action="kiosk.no_extra", missing=error.name)
        return None
    settings = program.settings
    assert settings.faces.keys is not None
    frames = Frames()
    parts.callback(frames.close)
    gallery = LiveGallery(program.store, program.clock, program.registry, KeyStore(Path(settings.faces.keys)))
    return KioskFaces(
        store=program.store, clock=program.clock, gallery=gallery, frames=frames, policy=settings.policy.face,
        evidence=settings.kiosk.evidence_days > 0, told=metrics.attempt,
    )  # fmt: skip
