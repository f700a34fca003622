"""Posts the webhook body of DESIGN §6 as JSON; 2xx means taken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

import httpx

from alerts.channels.base import Message
from alerts.channels.outbound import NotAllowed, Reach, client
from alerts.retry import Result, of_status, refused, timed_out

SHOWN_OF_ANSWER: Final = 200


class WebhookChannel:
    """One URL. Redirects are not followed: a moved receiver is a matter for its owner, not for a retry."""

    name = "webhook"
    grouped = False
    default_per_minute: int | None = None

    def __init__(
        self, url: str, *, timeout_seconds: float, real_now: Callable[[], datetime], reach: Reach = Reach()
    ) -> None:
        self._url = url
        self._real_now = real_now
        self._client = client(reach, timeout=timeout_seconds)

    def limit(self) -> int | None:
        return None

    def title_apart(self) -> bool:
        return True

    def send(self, message: Message) -> Result:
        return post(self._client, self._url, dict(message.body), real_now=self._real_now)[0]

    def close(self) -> None:
        self._client.close()


def post(
    client: httpx.Client,
    url: str,
    body: object,
    *,
    real_now: Callable[[], datetime],
    params: dict[str, str] | None = None,
) -> tuple[Result, httpx.Response | None]:
    """POST `body` as JSON: the result by status, and the answer where one came. The URL never enters a detail."""
    try:
        answer = client.post(url, json=body, params=params)
    except httpx.TimeoutException as error:
        return timed_out(type(error).__name__), None
    except NotAllowed as error:
        return refused(str(error), permanent=True), None
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        return refused(f"{type(error).__name__}: check the receiver's URL", permanent=True), None
    except httpx.HTTPError as error:
        return refused(f"{type(error).__name__}: {error}"), None
    shown = "" if answer.is_success else answer.text[:SHOWN_OF_ANSWER]
    retry_after = answer.headers.get("Retry-After")
    return of_status(answer.status_code, retry_after=retry_after, now=real_now(), body=shown), answer
