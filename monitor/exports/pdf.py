"""HTML → PDF by WeasyPrint, the machine's Chinese font, and what the machine must have for both.

WeasyPrint raises nothing where no font has Chinese characters: it prints boxes. So the fonts are asked for first.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from ctypes.util import find_library
from typing import Any, Final, NamedTuple

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
    chinese_font()


def as_pdf(html: str) -> bytes:
    """The page as a PDF; nothing is fetched from anywhere. Raises CannotPrint."""
    weasyprint = _weasyprint()
    nothing = weasyprint.urls.URLFetcher(allowed_protocols=())  # none: not this machine's files either
    made = weasyprint.HTML(string=html, url_fetcher=nothing).write_pdf()
    assert isinstance(made, bytes)
    return made


def _weasyprint() -> Any:
    try:
        import weasyprint  # here: it loads the system's libraries, which may be missing, and takes half a second
    except (ImportError, OSError) as error:
        raise CannotPrint(str(error).splitlines()[0]) from error
    return weasyprint


class Font(NamedTuple):
    """A font file, and which font of a collection it is."""

    family: str
    path: str
    number: int


def chinese_font() -> Font:
    """The first of FAMILIES that this machine has, else any with Chinese characters. Raises CannotPrint without one."""
    order = [name.strip('" ') for name in FAMILIES.split(",")]
    rank = {name: number for number, name in enumerate(order)}
    found = sorted(_fonts(), key=lambda font: (rank.get(font.family, len(order)), font))
    if not found:
        raise CannotPrint("没有中文字体 no font with Chinese characters")
    return found[0]


def _fonts() -> Iterator[Font]:
    """The fonts with Chinese characters, asked of fontconfig, which Pango asks too."""
    name = find_library("fontconfig") or "libfontconfig.so.1"
    try:
        lib = ctypes.CDLL(name)
    except OSError:
        return
    for function in ("FcInitLoadConfigAndFonts", "FcNameParse", "FcObjectSetCreate", "FcFontList"):
        getattr(lib, function).restype = ctypes.c_void_p
    config, wanted = ctypes.c_void_p(lib.FcInitLoadConfigAndFonts()), ctypes.c_void_p(lib.FcNameParse(b":lang=zh-cn"))
    asked = ctypes.c_void_p(lib.FcObjectSetCreate())
    for what in (b"family", b"file", b"index"):
        lib.FcObjectSetAdd(asked, what)
    listed = lib.FcFontList(config, wanted, asked)
    if not listed:
        return
    fonts = ctypes.cast(listed, ctypes.POINTER(_FontSet)).contents
    for number in range(fonts.count):
        family, path, index = ctypes.c_char_p(), ctypes.c_char_p(), ctypes.c_int()
        pattern = ctypes.c_void_p(fonts.patterns[number])
        lib.FcPatternGetString(pattern, b"family", 0, ctypes.byref(family))
        lib.FcPatternGetString(pattern, b"file", 0, ctypes.byref(path))
        lib.FcPatternGetInteger(pattern, b"index", 0, ctypes.byref(index))
        if family.value and path.value:
            yield Font(family.value.decode(), path.value.decode(), index.value & 0xFFFF)


class _FontSet(ctypes.Structure):
    _fields_ = (("count", ctypes.c_int), ("size", ctypes.c_int), ("patterns", ctypes.POINTER(ctypes.c_void_p)))
