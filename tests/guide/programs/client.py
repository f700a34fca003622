"""Any program that the room plays: asks the room over a socket, writes what it answers, ends with its status.

Called under the program's name; the room's address is `ROOM`. Nothing but the standard library, and little of that.
"""

import json
import os
import signal
import socket
import sys


def hand_on(child: int) -> None:
    signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))


def main(name: str = "") -> int:
    room = socket.socket(socket.AF_UNIX)
    room.connect(os.environ["ROOM"])
    asked = {
        "program": name or os.path.basename(sys.argv[0]),
        "words": sys.argv[1:],
        "cwd": os.getcwd(),
        "env": dict(os.environ),
        "pid": os.getpid(),
    }
    room.sendall(json.dumps(asked).encode() + b"\n")
    answer = b""
    while not answer.endswith(b"\n"):
        piece = room.recv(65536)
        if not piece:
            sys.stderr.write("the room has closed\n")
            return 70
        answer += piece
        if answer.startswith(b'{"child"') and answer.endswith(b"\n"):  # it runs on: signals go there
            hand_on(json.loads(answer)["child"])
            answer = b""
    told = json.loads(answer)
    sys.stdout.write(told["out"])
    sys.stdout.flush()
    sys.stderr.write(told["err"])
    if told.get("instead"):
        os.execvpe(told["instead"][0], told["instead"], {**os.environ, **told.get("env", {})})
    return int(told["status"])


if __name__ == "__main__":
    sys.exit(main())
