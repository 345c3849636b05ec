"""A stand-in for the 100ms server API, for the demo and the tests.

It is an independent reading of the API's docs: it shares no code with the bot. Page names in square brackets
are pages of the 100ms documentation below `server-side/v2`.
"""

from .account import Account
from .faults import BadJson, CutOff, Drop, Fault, FirstPage, Html, Pass, Stall, Status, WrongTypes
from .life import Life
from .oddities import Oddities
from .records import Peer, Room, Session, Template
from .server import DEMO_ACCESS_KEY, DEMO_SECRET, FakeHms, Request
from .tokens import sign
from .webhooks import Webhooks
from .wire import format_time

__all__ = [
    "DEMO_ACCESS_KEY",
    "DEMO_SECRET",
    "Account",
    "BadJson",
    "CutOff",
    "Drop",
    "FakeHms",
    "Fault",
    "FirstPage",
    "Html",
    "Life",
    "Oddities",
    "Pass",
    "Peer",
    "Request",
    "Room",
    "Session",
    "Stall",
    "Status",
    "Template",
    "Webhooks",
    "WrongTypes",
    "format_time",
    "sign",
]
