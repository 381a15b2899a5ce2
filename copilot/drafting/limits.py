"""How long a text may be on each channel, in characters as a person counts them.

A phone call is ninety seconds at about four and a half characters a second; a text message is one
message with signature and opt-out; a WeCom message is what people read without scrolling.
"""

from __future__ import annotations

from collections.abc import Mapping

from copilot.records.codes import Channel

SPEAKING_RATE = 4.5  # characters a second
PHONE_SECONDS = 90

LONGEST: Mapping[Channel, int] = {
    Channel.SMS: 70,
    Channel.WECOM: 80,
    Channel.PHONE: int(PHONE_SECONDS * SPEAKING_RATE),
    Channel.COUNTER: int(PHONE_SECONDS * SPEAKING_RATE),
}


def too_long(text: str, channel: Channel, *, mandated: tuple[str, ...] = ()) -> int:
    """By how many characters a text exceeds its channel's limit; 0 when it fits.

    ``mandated`` wording (risk statements that the regulator or the partner prescribes) does not
    count: it may not be cut.

    >>> too_long("您好" * 36, Channel.SMS), too_long("您好", Channel.SMS)
    (2, 0)
    """
    limit = LONGEST.get(channel)
    if limit is None:
        return 0
    for wording in mandated:
        text = text.replace(wording, "")
    return max(0, len(text) - limit)
