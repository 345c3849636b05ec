"""The chat.* methods: https://docs.slack.dev/reference/methods?family=chat

Each takes the site and the call's arguments (decoded), returns the answer without `ok`, and raises `Refused`.
"""

from bot.blockkit.limits import MESSAGE_TEXT_CHARS, UPDATE_TEXT_CHARS
from bot.demo.fake_slack.model import Channel, Json, Message
from bot.demo.fake_slack.site import Refused, Site, checked_content, checked_metadata


def post_message(site: Site, args: Json) -> Json:
    """Posts to a channel that the bot is in, or to a person's direct conversation.

    A reply to a message that was deleted is posted at top level, and `message.thread_ts` is missing in the answer:
    https://github.com/slack-go/slack/issues/1571.  Longer text is truncated, not refused.

    `reply_broadcast` is "used in conjunction with thread_ts"; no page says what comes of it alone: that is a breach.
    """
    channel = _writable(site, args)
    text = args.get("text")
    text, blocks = checked_content(
        site, text[:MESSAGE_TEXT_CHARS] if isinstance(text, str) else text, args.get("blocks")
    )
    metadata = checked_metadata(args.get("metadata"))
    thread_ts, broadcast = args.get("thread_ts"), args.get("reply_broadcast", False)
    if not isinstance(broadcast, bool) or (broadcast and thread_ts is None):
        raise Refused("invalid_arguments", breach=True)
    if thread_ts is not None and site.workspace.find(channel.id, str(thread_ts)) is None:
        thread_ts = None
    if not site.limiter.admit(channel.id):
        site.limiter.told_to_wait(f"chat.postMessage {args.get('channel')}", 1)
        raise Refused("ratelimited", status=429)
    author = site.workspace.bot_user
    shown = {"metadata": metadata, "thread_ts": thread_ts, "broadcast": broadcast and thread_ts is not None}
    message = site.workspace.post(channel.id, author, text, blocks, **shown)
    return {"channel": channel.id, "ts": message.ts, "message": _shown(site, message)}


def post_ephemeral(site: Site, args: Json) -> Json:
    """Shows a message to one member; the bot must be a member as well."""
    channel = _writable(site, args)
    user = site.workspace.users.get(str(args.get("user")))
    if user is None or user.id not in channel.members:
        raise Refused("user_not_in_channel")
    text, blocks = checked_content(site, args.get("text"), args.get("blocks"))
    message = site.workspace.post(
        channel.id, site.workspace.bot_user, text, blocks, ephemeral=True, ephemeral_to=user.id
    )
    return {"message_ts": message.ts}


def update(site: Site, args: Json) -> Json:
    """Changes the bot's own message.  The old blocks stay only where neither `text` nor `blocks` is given, as for new
    metadata (docs.slack.dev/reference/methods/chat.update, "text, blocks or attachments").
    """
    message = _own(site, args, "cant_update_message")
    if "blocks" not in args and "text" not in args:
        raise Refused("no_text", breach=True)
    text, blocks = checked_content(site, args.get("text"), args.get("blocks"), blank_ok=bool(message.text))
    if len(text) > UPDATE_TEXT_CHARS:  # same page, "msg_too_long"
        raise Refused("msg_too_long", breach=True)
    fields: Json = {"text": text} if "text" in args else {}
    if "text" in args or args.get("blocks") is not None:
        fields["blocks"] = blocks
    if "metadata" in args:
        fields["metadata"] = checked_metadata(args["metadata"])
    edited = {"user": site.workspace.bot_user, "ts": site.workspace.next_ts()}
    changed = site.workspace.change(message, edited=edited, **fields)
    shown = _shown(site, changed)
    return {"channel": changed.channel, "ts": changed.ts, "text": changed.text, "message": shown}


def delete(site: Site, args: Json) -> Json:
    message = _own(site, args, "cant_delete_message")
    site.workspace.delete(message)
    return {"channel": message.channel, "ts": message.ts}


def get_permalink(site: Site, args: Json) -> Json:
    """A conversation that the bot isn't in doesn't exist for it, unless it is a public channel."""
    channel = site.workspace.channels.get(str(args.get("channel")))
    if channel is None or ((channel.is_private or channel.is_im) and site.workspace.bot_user not in channel.members):
        raise Refused("channel_not_found")
    if site.workspace.find(channel.id, str(args.get("message_ts"))) is None:
        raise Refused("message_not_found")
    path = f"/archives/{channel.id}/p{str(args['message_ts']).replace('.', '')}"
    return {"channel": channel.id, "permalink": f"{site.url}{path}"}


def _shown(site: Site, message: Message) -> Json:
    return message.as_api(site.workspace.team_id, site.workspace.app_id)


def _writable(site: Site, args: Json) -> Channel:
    """The channel to post to.  A private one that the bot is not in does not exist for it."""
    workspace, wanted = site.workspace, args.get("channel")
    if not isinstance(wanted, str) or not wanted:
        raise Refused("channel_not_found", breach=True)
    user = workspace.users.get(wanted)
    if user is not None:
        if user.is_bot:
            raise Refused("cannot_dm_bot")
        channel = workspace.direct(user.id)
    else:
        try:
            channel = workspace.channel(wanted)
        except LookupError:
            raise Refused("channel_not_found") from None
    if channel.is_im and not workspace.messages_tab:
        raise Refused("messages_tab_disabled")  # https://docs.slack.dev/reference/methods/chat.postMessage#errors
    outside = workspace.bot_user not in channel.members
    if outside and (channel.is_private or channel.is_im):
        raise Refused("channel_not_found")
    if channel.is_archived:
        raise Refused("is_archived")
    if outside and "chat:write.public" not in site.scopes:
        raise Refused("not_in_channel")
    return channel


def _own(site: Site, args: Json, error: str) -> Message:
    """The message to change.  Ephemeral ones are out of reach: only their response_url can replace them."""
    channel = site.workspace.channels.get(str(args.get("channel")))
    if channel is None:
        raise Refused("channel_not_found")
    message = site.workspace.find(channel.id, str(args.get("ts")))
    if message is None or message.ephemeral or message.is_tombstone:
        raise Refused("message_not_found")
    if channel.is_archived:
        raise Refused("is_archived")
    if message.bot_id != site.workspace.bot_id:
        raise Refused(error, breach=True)
    return message
