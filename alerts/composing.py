"""What a leased message says, in the form and the limit of its channel; pure but for the channel's own limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alerts.channels.base import Channel, Message
from alerts.rendering import Content, Style, body_text, kind_of, split, title, webhook_body
from monitor.store.alerts import Head


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A leased try: the message's head, what it says, and what the texts need."""

    head: Head
    token: str
    items: tuple[Mapping[str, Any], ...]
    contents: tuple[Content, ...]
    style: Style
    repeated: bool

    @property
    def n(self) -> int:
        return self.head.attempts + 1


def compose(job: Job, channel: Channel) -> tuple[Message, bool]:
    """The part of the message that is due, in the channel's limit, and whether more parts follow."""
    kind = kind_of(job.contents, job.head.kind)
    head = title(job.contents, kind, job.style)
    if not channel.grouped:
        return Message(title=head, text="", body=webhook_body(job.head.delivery, job.contents, kind, job.style)), False
    body = body_text(job.contents, kind, job.style, repeated=job.repeated)
    apart = channel.title_apart()
    parts = split(body if apart else f"{head}\n{body}", channel.limit())
    at = min(job.head.part, len(parts) - 1)
    return Message(title=head if apart else "", text=parts[at], body={}), at + 1 < len(parts)
