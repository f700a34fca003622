"""The child of `process`: pictures on stdin, faces on stdout, each message with its length before it; of a picture
a byte follows that says whether vectors are wanted.

python -m monitor.attendance.recognition.worker
"""

from __future__ import annotations

import os
import sys
from typing import BinaryIO

import msgspec

from monitor.attendance.recognition.encoder import BadImage, Encoder, Face, Model

LENGTH_BYTES = 4
VECTORS = b"\x01"


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a picture; `fault`: why it is none. The first reply of a child names its model alone."""

    faces: tuple[Face, ...] = ()
    fault: str | None = None
    model: Model | None = None


def serve(encoder: Encoder, source: BinaryIO, target: BinaryIO) -> None:
    """Answer until the other side closes: the model first, then a reply for each picture, in their order."""
    _send(target, Reply(model=encoder.model))
    while head := source.read(LENGTH_BYTES):
        vectors = source.read(1) == VECTORS
        image = source.read(int.from_bytes(head, "big"))
        try:
            reply = Reply(faces=encoder.faces(image) if vectors else encoder.faces(image, vectors=False))
        except BadImage as error:
            reply = Reply(fault=str(error))
        _send(target, reply)


def _send(target: BinaryIO, reply: Reply) -> None:
    body = msgspec.json.encode(reply)
    target.write(len(body).to_bytes(LENGTH_BYTES, "big") + body)
    target.flush()


def main() -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints goes to the log, not between the replies
    from monitor.attendance.recognition.dlib_encoder import DlibEncoder  # after that: loading may print

    serve(DlibEncoder(), sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
