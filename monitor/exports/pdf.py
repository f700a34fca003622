"""HTML → PDF by WeasyPrint, and what the machine must have for it.

WeasyPrint raises nothing where no font has Chinese characters: it prints boxes. So the fonts are asked for first.
"""

from __future__ import annotations

import ctypes
from ctypes.util import find_library
from typing import Any, Final

PACKAGES: Final = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fonts-wqy-microhei")
FAMILIES: Final = '"WenQuanYi Micro Hei", "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", sans-serif'
"""Fonts with the Chinese forms of characters, by name: a font that has the Japanese ones would be as near otherwise."""


class CannotPrint(RuntimeError):
    """The machine lacks what a PDF needs; the text names the Debian packages."""

    def __init__(self, why: str) -> None:
        super().__init__(f"不能生成 PDF no PDF can be made: {why}; sudo apt-get install {' '.join(PACKAGES)}")


def require_pdf() -> None:
    """Raises CannotPrint where a PDF would fail, or come out without its Chinese."""
    _weasyprint()
    if not _has_chinese_font():
        raise CannotPrint("没有中文字体 no font with Chinese characters")


def as_pdf(html: str) -> bytes:
    """The page as a PDF; nothing is fetched from anywhere. Raises CannotPrint."""
    made = _weasyprint().HTML(string=html, url_fetcher=_nothing).write_pdf()
    assert isinstance(made, bytes)
    return made


def _nothing(url: str, *_: Any, **__: Any) -> Any:
    raise ValueError(f"{url}: the page needs nothing from outside")


def _weasyprint() -> Any:
    try:
        import weasyprint  # here: it loads the system's libraries, which may be missing, and takes half a second
    except (ImportError, OSError) as error:
        raise CannotPrint(str(error).splitlines()[0]) from error
    return weasyprint


def _has_chinese_font() -> bool:
    """Asks fontconfig, which Pango asks too."""
    name = find_library("fontconfig") or "libfontconfig.so.1"
    try:
        lib = ctypes.CDLL(name)
    except OSError:
        return False
    for function in ("FcInitLoadConfigAndFonts", "FcNameParse", "FcObjectSetCreate", "FcFontList"):
        getattr(lib, function).restype = ctypes.c_void_p
    config, wanted = ctypes.c_void_p(lib.FcInitLoadConfigAndFonts()), ctypes.c_void_p(lib.FcNameParse(b":lang=zh-cn"))
    named = ctypes.c_void_p(lib.FcObjectSetCreate())
    lib.FcObjectSetAdd(named, b"family")
    found = lib.FcFontList(config, wanted, named)
    return bool(found) and ctypes.cast(found, ctypes.POINTER(ctypes.c_int))[0] > 0
