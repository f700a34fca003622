"""A file between its preview and its confirmation: it goes along in the form, compressed (ADR 43).

Nothing of it lies in the store or in one replica's memory meanwhile: names and telephone numbers of people are nowhere
but where the operator has them already, any replica can confirm, and what nobody confirms leaves nothing behind. It is
checked and compared anew when it comes back, and its digest says whether that is what was shown.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Final

from monitor.supervision.refused import Refused

MOST: Final = 4 * 1024 * 1024
"""Bytes of one file: a registry of 20,000 rows."""
FORM_MOST: Final = 6 * 1024 * 1024
"""Bytes of a form's field that carries one."""


def require_size(data: bytes) -> None:
    """Refuse what is longer than MOST, or nothing. Raises Refused."""
    if not data:
        raise Refused("请选择文件 choose a file", field="file")
    if len(data) > MOST:
        raise Refused(f"文件过大，至多 {MOST >> 20} MB the file is too long: at most {MOST >> 20} MB", field="file")


def packed(data: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(data, 6)).decode()


def unpacked(text: str) -> bytes:
    """What `packed` was given. Raises Refused for anything else, and for what would grow beyond MOST."""
    try:
        made = zlib.decompressobj()
        data = made.decompress(base64.b64decode(text, altchars=b"-_", validate=True), MOST + 1)
    except (binascii.Error, ValueError, zlib.error):
        raise Refused("表单内容已损坏，请重新上传 the form is damaged: send the file again", field="content") from None
    require_size(data)
    if not made.eof:
        raise Refused("表单内容已损坏，请重新上传 the form is damaged: send the file again", field="content")
    return data
