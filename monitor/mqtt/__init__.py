"""The only MQTT client module (DESIGN §3.1): what devices say comes in, what agents and alerts say goes out."""

from monitor.mqtt.client import Client
from monitor.mqtt.drain import Drain
from monitor.mqtt.inbox import Patience
from monitor.mqtt.values import Delivery, Link, Options, Publication, Time, Will

__all__ = ["Client", "Delivery", "Drain", "Link", "Options", "Patience", "Publication", "Time", "Will"]
