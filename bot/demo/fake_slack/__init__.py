"""A strict stand-in for Slack: its rules, not its looks.  See `FakeSlack`."""

from bot.demo.fake_slack.faults import ApiError, Dropped, Fault, HttpError, RateLimited, Stalled
from bot.demo.fake_slack.model import Ack, Call, Channel, Message, User
from bot.demo.fake_slack.server import FakeSlack

__all__ = [
    "Ack",
    "ApiError",
    "Call",
    "Channel",
    "Dropped",
    "FakeSlack",
    "Fault",
    "HttpError",
    "Message",
    "RateLimited",
    "Stalled",
    "User",
]
