"""The texts that the kiosk's scripts show, by the name they know them by; `{n}` and the like are filled in there.

What the server says of an attempt comes as a sentence with its answer; these are what only the page knows.
"""

from __future__ import annotations

from collections.abc import Callable


def kiosk_words(_: Callable[[str], str]) -> dict[str, str]:
    return {
        "start": _("Enter your staff number"),
        "start.many": _("Use your face, or enter your staff number"),
        "start.need": _("Enter your staff number first"),
        "pad.erase": _("Delete"),
        "pad.clear": _("Clear"),
        "pin.need": _("Enter your PIN"),
        "pin.wrong": _("Number or PIN is wrong, or no PIN is set. {left} more tries."),
        "pin.locked": _("Too many wrong PINs. Try again after {until}, or ask the supervisor on duty."),
        "camera.opening": _("The camera starts …"),
        "camera.none": _("No camera was found. Check in by PIN."),
        "camera.refused": _("The browser may not use the camera. Allow it for this page, or check in by PIN."),
        "camera.busy": _("Another program uses the camera. Check in by PIN."),
        "insecure": _("This page works by HTTPS only. Open {address}"),
        "insecure_nowhere": _("This page works by HTTPS only, which is not set up here (docs/kiosk.md)."),
        "camera.lost": _("The camera was disconnected. Check in by PIN."),
        "look": _("Look into the camera"),
        "hold.turn_left": _("Turn your head to your left and hold it"),
        "hold.turn_right": _("Turn your head to your right and hold it"),
        "hold.straight": _("Look straight into the camera again"),
        "away.again": _("The network broke off. Once more, please: it will be kept here."),
        "mine": _("Is this you?"),
        "done": _("Checked in"),
        "review": _("Recorded, for review by a person"),
        "kept": _("Kept here, to be verified when the network is back"),
        "not_done": _("Not checked in"),
        "no_number": _("Without the network, faces need the staff number. Enter it first."),
        "full": _("No more can be kept here. Ask the supervisor on duty."),
        "cannot_keep": _("The network is away and this browser keeps nothing. Ask the supervisor on duty."),
        "banner.away": _("The network is away. Kept here: {n}. They are sent when it is back."),
        "banner.sending": _("The network is back. Still to be sent: {n}."),
        "banner.refused": _("Not accepted: {n} kept check-ins. Ask the supervisor on duty."),
        "no_token": _("This kiosk has no token. Open the address that `jiancha kiosk token` printed."),
        "let_out": _("This kiosk is not let in any more. The administrator makes a new token."),
        "fault": _("Something went wrong. Begin again, or ask the supervisor on duty."),
        "method.face": _("by face"),
        "method.pin": _("by PIN"),
    }
