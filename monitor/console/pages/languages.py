"""The pages' two languages: Chinese unless English is chosen. Texts are English in the code, Chinese in `locale/zh`.

The catalogue is read from its text when the program starts: nothing compiled lies in the tree or has to be built.
"""

from __future__ import annotations

import gettext
import io
from functools import cache
from pathlib import Path
from typing import Final, Literal, TypeAlias

from fastapi import Request

Language: TypeAlias = Literal["zh", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")
DEFAULT: Final[Language] = "zh"
COOKIE: Final = "lang"
COOKIE_SECONDS: Final = 365 * 86_400
CATALOGUE: Final = Path(__file__).resolve().parent.parent / "locale" / "zh" / "LC_MESSAGES" / "messages.po"
HTML_LANG: Final = {"zh": "zh-CN", "en": "en"}


def chosen(request: Request) -> Language | None:
    """What the address asks for by `lang=`; it is kept in a cookie from then on."""
    given = request.query_params.get("lang")
    return given if given in LANGUAGES else None


def language_of(request: Request) -> Language:
    """The address's choice, else the cookie's, else Chinese: a browser set to English is no wish of its user's."""
    kept = request.cookies.get(COOKIE)
    return chosen(request) or (kept if kept in LANGUAGES else DEFAULT)


@cache
def translations(language: Language) -> gettext.NullTranslations:
    """English has no catalogue: the texts of the code are shown."""
    if language == "en":
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo  # here: a daemon whose pages nobody opens does without
    from babel.messages.pofile import read_po

    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="zh", charset="utf-8")
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
