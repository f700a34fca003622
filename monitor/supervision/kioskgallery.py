"""The gallery in the daemon (常驻比对库): opened vectors in memory, for the people whom each kiosk serves.

Opening is access to biometric data: one audit row each time it is opened anew, which is when a face was enrolled or
forgotten, a key is gone, or the model changed; never for a frame.
"""

from __future__ import annotations

import threading
from typing import Any

import structlog
from sqlalchemy import Connection

from monitor.attendance.recognition.encoder import Model
from monitor.attendance.recognition.gallery import Gallery
from monitor.clock import Clock
from monitor.model import Registry
from monitor.store import audit, kiosks
from monitor.store.engine import Store
from monitor.store.facekeys import BadKeyStore, KeyStore
from monitor.store.registry import RegistryCache
from monitor.supervision.faces import GALLERY, open_gallery
from monitor.supervision.kioskplace import serves

log = structlog.get_logger(__name__)


class LiveGallery:
    """Thread-safe. Looked at when an attempt begins and at each heartbeat of a kiosk: what was forgotten is gone from
    memory by then.
    """

    def __init__(self, store: Store, clock: Clock, registry: RegistryCache, keys: KeyStore) -> None:
        self._store, self._clock, self._registry, self.keys = store, clock, registry, keys
        self._lock = threading.Lock()
        self._mark: Any = None
        self._people: dict[str, list[tuple[float, ...]]] = {}
        self._by_device: dict[str, tuple[int, Gallery]] = {}

    def of(self, device: str, model: Model) -> Gallery:
        """The faces of those who check in at this kiosk."""
        with self._lock:
            registry = self._refresh(model)
            held = self._by_device.get(device)
            if held is None or held[0] != registry.version:
                theirs = {staff: rows for staff, rows in self._people.items() if serves(registry, device, staff)}
                held = self._by_device[device] = (registry.version, Gallery(theirs))
            return held[1]

    def _refresh(self, model: Model) -> Registry:
        with self._store.read() as conn:
            registry = self._registry.get(conn)
            mark = (kiosks.face_mark(conn), self._key_mark(), model)
            if mark == self._mark:
                return registry
            self._people, self._by_device = {}, {}
            try:
                opened = open_gallery(conn, self.keys, model)
            except BadKeyStore as error:
                log.error("faces cannot be opened", action="faces.keys", error=str(error))
                self._mark = mark
                return registry
        body = {"people": len(opened.people), "model": str(model), "unreadable": len(opened.unreadable),
                "outdated": len(opened.outdated)}  # fmt: skip
        self._store.step(lambda conn: self._note(conn, body))
        self._people, self._mark = opened.people, mark
        return registry

    def _note(self, conn: Connection, body: dict[str, Any]) -> None:
        audit.record(conn, self._clock.now(), "system", "face.opened", GALLERY, GALLERY, body)

    def _key_mark(self) -> tuple[int, int] | None:
        """Differs when a key was written or destroyed."""
        try:
            found = self.keys.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size
