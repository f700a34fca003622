"""Mail whose server's answer is read: Apprise only says that a mail failed, not whether it ever could arrive.

Apprise parses the URL and writes the mail; the reply code decides (RFC 5321 §4.2.1): 5xx is final, such as a recipient
that does not exist or a password that is refused, 4xx may pass by itself.
"""

# Apprise's classes are only partly typed:
# mypy: disable-error-code="no-untyped-call,attr-defined"

from __future__ import annotations

import smtplib
from typing import Any, Final

from apprise import NotifyFormat
from apprise.plugins.email.base import NotifyEmail
from apprise.plugins.email.smtp import AppriseSMTPController

from alerts.channels.base import Message, without_addresses
from alerts.retry import Result, refused, sent, timed_out

PERMANENT_FROM: Final = 500


def deliver(service: Any, message: Message) -> Result:
    """One try of one mail by a service of Apprise; its contacts stay out of the detail (DESIGN §1F)."""
    session = AppriseSMTPController(
        host=service.smtp_host,
        port=service.port,
        secure_mode=service.secure_mode,
        user=service.user,
        password=service.password,
        verify_certificate=service.verify_certificate,
        socket_connect_timeout=service.socket_connect_timeout,
    )
    heard = 0
    try:
        with session:
            for mail in (mails := list(_mails(service, message))):
                # asked of the connection itself, as the controller turns every answer into a bool
                unheard = session._socket.sendmail(service.from_addr[1], mail.to_addrs, mail.body)
                if unheard:
                    raise smtplib.SMTPRecipientsRefused(unheard)
                heard += 1
    except TimeoutError:
        return timed_out("the mail server did not answer in time")
    except smtplib.SMTPRecipientsRefused as error:
        refusal = _refusal(*max(error.recipients.values(), key=lambda reply: reply[0]))
        return _partly(heard, len(mails), refusal) if heard else refusal
    except smtplib.SMTPResponseException as error:
        return _refusal(error.smtp_code, error.smtp_error)
    except (OSError, smtplib.SMTPException) as error:
        if isinstance(error.__context__, TimeoutError):  # smtplib calls it a connection that was closed
            return timed_out("the mail server did not answer in time")
        return refused(without_addresses(f"{type(error).__name__}: {error}"))
    return sent()


def _partly(heard: int, among: int, refusal: Result) -> Result:
    """Some of a URL's recipients have it: sent again, they would have it twice, so it is final and the fallback hears
    of it. A receiver for each recipient has none of this.
    """
    return refused(f"{among - heard} of {among} recipients: {refusal.detail}", permanent=True)


def _mails(service: Any, message: Message) -> Any:
    return NotifyEmail.prepare_emails(
        subject=message.title,
        body=message.text,
        notify_format=service.resolve_format(NotifyFormat.TEXT),
        from_addr=service.from_addr,
        to=service.targets,
        cc=service.cc,
        bcc=service.bcc,
        reply_to=service.reply_to,
        smtp_host=service.smtp_host,
        headers={"X-Application": service.app_id, **service.headers},
        names=service.names,
        pgp=service.pgp,
        pgp_mode=service.pgp_mode,
        inline=service.inline,
        tzinfo=service.tzinfo,
    )


def _refusal(code: int, said: bytes | str) -> Result:
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return refused(without_addresses(f"{code} {text}"), permanent=code >= PERMANENT_FROM)
