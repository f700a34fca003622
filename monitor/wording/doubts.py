"""Check-ins in doubt in words: why they are, what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.wording.words import Texts

BANDS: Final[Mapping[str, Texts]] = {
    "accept": ("通过", "accepted"),
    "review": ("待复核", "for review"),
    "unknown": ("不识别", "not known"),
}
DECISIONS: Final[Mapping[str, Texts]] = {
    "is": ("是本人", "it is them"),
    "is_not": ("不是本人", "it is not them"),
    "unclear": ("无法判断", "cannot tell"),
}
METHODS: Final[Mapping[str, Texts]] = {
    "face": ("人脸", "face"),
    "card": ("刷卡", "card"),
    "pin": ("密码", "PIN"),
    "fingerprint": ("指纹", "fingerprint"),
    "manual": ("人工", "by hand"),
}
