"""Paths and ports of the guide's machine, moved to where a test may have them, and back in what is said.

The pages name /etc/jiancha and port 8642, as on the machine that is installed by them. A test runs beside others and as
no matter whom: there the same paths lie below a folder, and the ports are free ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Mapping as Dict
from pathlib import Path
from typing import Final

PLACES: Final = (
    "/etc/jiancha", "/etc/mosquitto", "/etc/systemd", "/etc/default", "/etc/nginx", "/etc/prometheus", "/etc/chrony",
    "/opt/jiancha", "/usr/local/sbin", "/var/lib/jiancha", "/var/lib/mosquitto", "/var/lib/grafana", "/media/usb",
    "/mnt/backup", "/mnt/keys", "/srv",
)  # fmt: skip
"""Folders (and what begins like them) that the pages write to or read from."""
PORTS: Final = ("1883", "8883", "8884", "8642", "8643", "8650", "8443", "9090", "9093", "5432")
"""Every port that the pages name."""
SERVER: Final = "jiancha.hall.local"
"""How the hall's network calls the machine; here it calls itself."""


class Mapping:
    """Between the pages' machine and `root`, which ends in a letter or digit. `free_port` gives a port, `taken` has
    those that are given already.
    """

    def __init__(self, root: Path, free_port: Callable[[], int], taken: Dict[str, str]) -> None:
        self.root = root
        self.ports = {port: taken.get(port) or str(free_port()) for port in PORTS}
        places = "|".join(re.escape(place) for place in PLACES)
        self._place = re.compile(rf"(?<![\w.~])(?=(?:{places}))")
        self._port = re.compile(rf"(?<![\w.])(?:{'|'.join(PORTS)})(?!\w|\.\d)")
        back = {taken: port for port, taken in self.ports.items()}
        self._back = re.compile(rf"(?<![\d.])(?:{'|'.join(back)})(?!\d)")
        self._known = back

    def here(self, text: str) -> str:
        """As the pages write it → as it is here. What is here already stays."""
        moved = self._place.sub(str(self.root), text)
        moved = self._port.sub(lambda found: self.ports[found[0]], moved)
        return moved.replace(SERVER, "localhost")

    def there(self, text: str) -> str:
        """As it is here → as the pages write it."""
        moved = text.replace(str(self.root), "").replace("localhost", SERVER)
        return self._back.sub(lambda found: self._known[found[0]], moved)
