"""The people and channels that every fake workspace begins with.  Ids have Slack's shape and never change."""

from bot.demo.fake_slack.model import Channel, User, UserGroup

TEAM_ID = "T07QX4D1P2M"
TEAM_NAME = "Live Studio"
TEAM_DOMAIN = "live-studio"
ORG_ID, ORG_NAME = "E07QX9ORG4K", "Live Group"
APP_ID = "A07R2KX9B3D"
BOT_ID = "B07R5T2M8QN"
BOT_USER = "U07R5T31VHA"
SLACKBOT = "USLACKBOT"

OPERATORS, RETIRED = "S07QX6OPS4T", "S07QX60LD0P"
ADA, BEN, CLEO, GUEST, NOTZ = "U07QX5AAD4A", "U07QX5BBE5N", "U07QX5CC1E0", "U07QX5GG35T", "U07QX5NN0TZ"
LEFT = "U07QX5DD0RA"
DEFAULT_CHANNEL = "live-ops"


def users(bot_name: str) -> list[User]:
    """The people, the bot and Slackbot; offsets are those of winter."""
    return [
        User(ADA, "ada", "Ada Berger", "Europe/Berlin", 3_600),
        User(BEN, "ben", "Ben Okafor", "America/New_York", -18_000),
        User(CLEO, "cleo", "Cleo Iyer", "Asia/Kolkata", 19_800),
        User(GUEST, "gus", "Gus Guest", "Europe/London", 0, is_guest=True),
        User(NOTZ, "nia", "Nia Noland"),
        User(LEFT, "dora", "Dora Lindt", is_deactivated=True),
        User(BOT_USER, bot_name, bot_name, "America/Los_Angeles", -28_800, is_bot=True),
        User(SLACKBOT, "slackbot", "Slackbot", "America/Los_Angeles", -28_800),
    ]


def groups() -> list[UserGroup]:
    """The user groups: one that is on call, and one that is disabled."""
    return [
        UserGroup(OPERATORS, "oncall", "On call", {ADA, BEN}),
        UserGroup(RETIRED, "night-shift", "Night shift", {CLEO}, is_disabled=True),
    ]


def channels() -> list[Channel]:
    """live-ops (the default), general, support; a private one, an archived one, one without the bot, and a DM."""
    people = {ADA, BEN, CLEO}
    return [
        Channel("C07QX6L1V3P", "live-ops", people | {GUEST, NOTZ, BOT_USER}, topic="What is on air"),
        Channel("C07QX6G3N3R", "general", people | {NOTZ, BOT_USER}, topic="Company-wide"),
        Channel("C07QX65PP0T", "support", people | {BOT_USER}, topic="Help with live sessions"),
        Channel("C07QX6PR1V8", "incident-room", {ADA, BEN, BOT_USER}, is_private=True),
        Channel("C07QX6ARCH1", "spring-launch", people | {BOT_USER}, is_archived=True),
        Channel(
            "C07QX6N0B0T", "random", people | {NOTZ}, topic="Off topic, and only for bots that somebody has invited"
        ),
        Channel("D07QX6DM80T", "", {ADA, BOT_USER}, is_im=True, im_user=ADA),
    ]
