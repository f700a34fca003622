"""Why nobody was signed in by the provider: a text for the page, a word and a detail for the log."""

from __future__ import annotations

from typing import Final

AWAY: Final = (
    "统一身份认证暂时连不上，请稍后再试，或用口令登录 the identity provider cannot be reached; try again later"
)
SETUP: Final = (
    "统一身份认证的设置有误，请管理员运行 jiancha doctor "
    "the identity provider is not set up rightly: an administrator runs jiancha doctor"
)
STALE: Final = "此次登录已过期或已用过，请重新登录 this sign-in is over or was used already: begin again"
REFUSED: Final = "统一身份认证没有放行此次登录 the identity provider did not let this sign-in pass"
UNTRUE: Final = (
    "统一身份认证的答复不可信，没有登录；请告知管理员 "
    "the identity provider's answer cannot be trusted, nobody was signed in: tell an administrator"
)
STATUS: Final = {AWAY: 503, SETUP: 500, STALE: 400, REFUSED: 403, UNTRUE: 403}


class OpenIdFault(Exception):
    """`text` is for people; `why` one word for the log; `detail` never holds a code, a token or a secret."""

    def __init__(self, text: str, why: str, detail: str = "") -> None:
        super().__init__(f"{why}: {detail}" if detail else why)
        self.text, self.why = text, why
        self.detail = "".join(c if c.isprintable() else "?" for c in detail)[:300]

    @property
    def status(self) -> int:
        return STATUS[self.text]
