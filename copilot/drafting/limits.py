"""How long a text may be on each channel, in characters as a person counts them.

What is said in the lobby takes twenty seconds and a call ninety, at about four and a half
characters a second; a text message is one message with signature and opt-out; a WeCom message is
what people read without scrolling. Risk warnings and signatures count: the customer hears them too.
"""

from __future__ import annotations

from collections.abc import Mapping

from copilot.records.codes import Channel, DraftKind

SPEAKING_RATE = 4.5  # characters a second
PHONE_SECONDS = 90
COUNTER_SECONDS = 20
#: Talking points for a whole conversation, of which a customer hears no more than a call's worth.
LONGEST_TALK = int(PHONE_SECONDS * SPEAKING_RATE)

LONGEST: Mapping[Channel, int] = {
    Channel.SMS: 70,
    Channel.WECOM: 80,
    Channel.PHONE: LONGEST_TALK,
    Channel.COUNTER: int(COUNTER_SECONDS * SPEAKING_RATE),
}


def kind_on(channel: Channel) -> DraftKind:
    """A pitch where people talk, a message where they read.

    >>> kind_on(Channel.PHONE).value, kind_on(Channel.PRINT).value
    ('pitch', 'message')
    """
    return DraftKind.PITCH if channel.spoken else DraftKind.MESSAGE


def too_long(text: str, channel: Channel) -> int:
    """By how many characters a text exceeds its channel's limit; 0 when it fits.

    >>> too_long("您好" * 36, Channel.SMS), too_long("您好", Channel.SMS)
    (2, 0)
    """
    limit = LONGEST.get(channel)
    return 0 if limit is None else max(0, len(text) - limit)
