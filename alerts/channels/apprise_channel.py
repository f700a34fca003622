"""Any Apprise URL as a channel. Apprise is loaded at first use, in a thread: its plugins cost 0.3 s and 25 MB."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from alerts.channels.base import Message, Unusable, without_addresses
from alerts.channels.outbound import NotAllowed, Reach
from alerts.retry import Result, refused, sent

_loading = threading.Lock()


def instantiate(url: str, *, timeout_seconds: float, key: str) -> Any:
    """A fresh Apprise service for the URL. Unusable (naming `key`) when Apprise does not take it."""
    # loaded here and not at the top: 25 MB that a daemon without such receivers never needs
    import apprise

    from alerts.channels import robots

    with _loading:
        robots.register()
    asset = apprise.AppriseAsset(
        app_id="Jiancha", app_desc="政务服务电子监察 Jiancha", async_mode=False, http_redirects=False
    )
    service = apprise.Apprise.instantiate(url, asset=asset)
    if service is None:
        raise Unusable(
            f"{key}: Apprise 不认此网址 takes no such URL; "
            f"写法见其文档 see its documentation for the form of {_scheme(url)}://"
        )
    service.socket_connect_timeout = timeout_seconds
    service.socket_read_timeout = timeout_seconds
    return service


def _scheme(url: str) -> str:
    return url.partition("://")[0].lower()


class AppriseChannel:
    """One URL, one recipient (two addresses in one URL would fail as one).

    Every try uses a fresh service: an instance sleeps between its messages, while the bucket in the store paces us.
    """

    grouped = True
    default_per_minute: int | None = None

    def __init__(self, url: str, *, key: str, timeout_seconds: float, reach: Reach = Reach()) -> None:
        self._url = url
        self._key = key
        self._timeout = timeout_seconds
        self._reach = reach
        self.name = _scheme(url)

    def service(self) -> Any:
        return instantiate(self._url, timeout_seconds=self._timeout, key=self._key)

    def limit(self) -> int | None:
        """Apprise counts characters where most receivers count bytes; as bytes its limit is on the safe side."""
        longest = int(self.service().body_maxlen)
        return longest if longest > 0 else None

    def title_apart(self) -> bool:
        return int(self.service().title_maxlen) > 0

    def send(self, message: Message) -> Result:
        """Apprise says yes or no and logs why: a no may be tried again, its warnings are the detail."""
        import apprise  # see `instantiate`

        service = self.service()
        no = self.out_of_reach(service)
        if no is not None:
            return no
        sender = apprise.Apprise()
        sender.add(service)
        outcome = sender.notify(body=message.text, title=message.title, body_format=apprise.NotifyFormat.TEXT)
        return sent() if outcome else refused(said(outcome) or "Apprise could not send it")

    def out_of_reach(self, service: Any) -> Result | None:
        """Why nothing goes to the host that the URL names. Apprise connects by itself and looks the name up once more,
        so this is no pin as for webhooks; what it names wrongly is found all the same.
        """
        host = getattr(service, "smtp_host", None) or getattr(service, "host", None)
        if not isinstance(host, str) or not host:
            return None
        try:
            self._reach.resolve(host, 0)
        except NotAllowed as error:
            return refused(str(error), permanent=True)
        except OSError:
            return None  # some have an id there, and who cannot be reached is told so by the try
        return None

    def close(self) -> None:
        """Nothing is held open."""


def said(outcome: Any) -> str:
    """The warnings that Apprise logged for a try, where its version keeps them."""
    if isinstance(outcome, bool):
        return ""
    attempts = [attempt for service in outcome for attempt in getattr(service, "attempts", ())]
    lines = [str(getattr(entry, "message", entry)) for attempt in attempts for entry in attempt]
    return without_addresses("; ".join(lines))


class MailChannel(AppriseChannel):
    """Mail by SMTP; the server's answer is read (see `mail`)."""

    def __init__(self, url: str, *, key: str, timeout_seconds: float, reach: Reach = Reach()) -> None:
        super().__init__(url, key=key, timeout_seconds=timeout_seconds, reach=reach)
        self.name = "mail"

    def send(self, message: Message) -> Result:
        from alerts.channels import mail  # see `instantiate`

        service = self.service()
        return self.out_of_reach(service) or mail.deliver(service, message)


class RobotChannel(AppriseChannel):
    """A group robot of WeCom, DingTalk, Feishu, Lark or ServerChan, whose answer is read (see `robots`)."""

    default_per_minute: int | None = 20

    def __init__(
        self, url: str, *, name: str, key: str, timeout_seconds: float, real_now: Callable[[], datetime],
        reach: Reach = Reach(),
    ) -> None:  # fmt: skip
        super().__init__(url, key=key, timeout_seconds=timeout_seconds, reach=reach)
        self.name = name
        self._real_now = real_now

    def send(self, message: Message) -> Result:
        service = self.service()
        service.reach = self._reach
        result: Result = service.deliver(message.title, message.text, self._real_now)
        return result
