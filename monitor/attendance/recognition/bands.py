"""Distance → accept, review or unknown (通过、复核、不识别). Pure.

The library's usual tolerance of 0.6 took a third of strangers for somebody in a gallery of 48; docs/faces.md has the
figures behind these bands.
"""

from __future__ import annotations

from enum import StrEnum

from monitor.attendance.facepolicy import FacePolicy


class Band(StrEnum):
    ACCEPT = "accept"
    REVIEW = "review"
    UNKNOWN = "unknown"


def band_of(distance: float, policy: FacePolicy) -> Band:
    """The band of one comparison (1:1). A distance at the limit is inside; one that is no number is unknown."""
    if distance <= policy.accept:
        return Band.ACCEPT
    if distance <= policy.review:
        return Band.REVIEW
    return Band.UNKNOWN


def band_among(best: float, second: float | None, policy: FacePolicy) -> Band:
    """The band of the nearest of many (1:N): accepted only where the next *person* is `margin` farther away, too.

    `second`: the distance of the next person; None where the gallery holds one person.
    """
    band = band_of(best, policy)
    if band is Band.ACCEPT and second is not None and second - best < policy.margin:
        return Band.REVIEW
    return band
