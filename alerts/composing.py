"""What a leased message says, in the form and the limit of its channel; pure but for the channel's own limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from alerts.channels.base import Channel, Message
from alerts.policy import MessageTemplate
from alerts.rendering import Content, Style, body_text, kind_of, split, title, webhook_body
from alerts.templates import BadTemplate, context, fill
from monitor.store.sending import Head

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A leased try: the message's head, what it says, and what the texts need."""

    head: Head
    token: str
    items: tuple[Mapping[str, Any], ...]
    contents: tuple[Content, ...]
    style: Style
    repeated: bool
    template: MessageTemplate | None = None

    @property
    def n(self) -> int:
        return self.head.attempts + 1


def written(
    contents: Sequence[Content], kind: str, style: Style, template: MessageTemplate | None, *, repeated: bool = False
) -> tuple[str, str]:
    """Title and text: by the template, if there is one and it does not fail on these cards, else the product's own."""
    head, body = title(contents, kind, style), body_text(contents, kind, style, repeated=repeated)
    if template is None:
        return head, body
    try:
        known = context(contents, kind, style, title=head, text=body)
        return " ".join(fill(template.title, known).split()), fill(template.text, known)
    except BadTemplate as error:
        log.error("a template failed; the text is the product's own", action="alert.template_failed", why=str(error))
        return head, body


def compose(job: Job, channel: Channel) -> tuple[Message, bool]:
    """The part of the message that is due, in the channel's limit, and whether more parts follow."""
    kind = kind_of(job.contents, job.head.kind)
    if not channel.grouped:
        head = title(job.contents, kind, job.style)
        return Message(title=head, text="", body=webhook_body(job.head.delivery, job.contents, kind, job.style)), False
    head, body = written(job.contents, kind, job.style, job.template, repeated=job.repeated)
    apart = channel.title_apart()
    parts = split(body if apart else f"{head}\n{body}", channel.limit())
    at = min(job.head.part, len(parts) - 1)
    return Message(title=head if apart else "", text=parts[at], body={}), at + 1 < len(parts)
