"""Forms that bring a file, and those that carry it from its preview to its confirmation."""

from __future__ import annotations

from typing import Final

from fastapi import Request
from starlette.datastructures import FormData, UploadFile

from monitor.console.carried import FORM_MOST, MOST, require_size
from monitor.console.pages.session import require_own_form
from monitor.supervision.refused import Refused
from monitor.supervision.signin import Signed

FIELDS: Final = 60


async def read_upload(request: Request, signed: Signed) -> FormData:
    """The form of a page of ours with at most one file; 403, 400 otherwise."""
    form = await request.form(max_files=1, max_fields=FIELDS, max_part_size=FORM_MOST)
    require_own_form(request, signed, form)
    return form


async def file_of(form: FormData) -> tuple[str, bytes]:
    """Name and content of what was sent. Raises Refused for nothing, and for more than `carried.MOST`."""
    found = form.get("file")
    if not isinstance(found, UploadFile) or not found.filename:
        raise Refused("请选择文件 choose a file", field="file")
    data = await found.read(MOST + 1)
    require_size(data)
    return found.filename.replace("\\", "/").rpartition("/")[2][-120:], data


def word(form: FormData, name: str, most: int = 1000) -> str:
    """A field's text, without blanks around it. Raises Refused for one that is too long."""
    value = form.get(name, "")
    text = value.strip() if isinstance(value, str) else ""
    if len(text) > most:
        raise Refused(f"{name}: 过长，至多 {most} 字 too long, {most} characters at most", field=name)
    return text
