"""Which frames of a camera are taken as the photographs of an enrolment (采集). Pure; times are given."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from monitor.attendance.facepolicy import FacePolicy
from monitor.attendance.recognition.encoder import Face
from monitor.attendance.recognition.quality import faults
from monitor.model import Reason

APART: Final = timedelta(seconds=0.7)
ALIKE: Final = 0.06
"""A head that keeps still gives vectors up to 0.045 apart, one turned by six degrees 0.07 and more: docs/adr/0035."""


class Taking:
    """Takes good frames that lie APART in time and differ, until there are `wanted`."""

    def __init__(self, policy: FacePolicy, wanted: int) -> None:
        self._policy, self._wanted = policy, wanted
        self._taken: list[tuple[datetime, Face]] = []
        self._said: Counter[str] = Counter()
        self._newest: dict[str, Reason] = {}

    @property
    def faces(self) -> tuple[Face, ...]:
        return tuple(face for _, face in self._taken)

    @property
    def is_done(self) -> bool:
        return len(self._taken) >= self._wanted

    @property
    def commonest(self) -> Reason:
        """What hindered most often; that there was no face where there was no frame at all."""
        if not self._said:
            return Reason(code="face.none", figures={"found": 0})
        return self._newest[self._said.most_common(1)[0][0]]

    def see(self, at: datetime, faces: Sequence[Face]) -> Reason | None:
        """A frame; why it was not taken. None where it was, or where it only came too soon after the last."""
        if self.is_done or (self._taken and at - self._taken[-1][0] < APART):
            return None
        why = self._wrong(faces)
        if why is None:
            self._taken.append((at, faces[0]))
            return None
        self._said[why.code] += 1
        self._newest[why.code] = why
        return why

    def _wrong(self, faces: Sequence[Face]) -> Reason | None:
        if len(faces) != 1:
            return Reason(code="face.several" if faces else "face.none", figures={"found": len(faces)})
        wrong = faults(faces[0].quality, self._policy)
        if wrong:
            return wrong[0]
        far = [math.dist(faces[0].vector, taken.vector) for taken in self.faces]
        if far and max(far) > self._policy.review:
            return Reason(code="terminal.another", figures={"found": f"{max(far):.3f}"})
        if far and min(far) < ALIKE:
            return Reason(code="terminal.alike")
        return None
