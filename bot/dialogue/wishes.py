"""What a turn does about an opt-out in plain words: at once when it is clear, else it asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from bot import i18n
from bot.audience import doubts
from bot.audience.slugs import slugify
from bot.dialogue import conversations
from bot.dialogue.models import Conversation
from bot.dialogue.optouts import brand, stop
from bot.dialogue.patterns import COUNT, PHRASE, Heard, word
from bot.dialogue.turn import Question, Turn
from bot.i18n import _
from bot.plainwords.judging import Verdict, Wish, judge

SOURCE = "plain words"

#: A member who texts a clear wish is asked what they mean; who texts it again within this time announces it.
AGAIN_WITHIN = timedelta(hours=1)
_MEANT = ("PlainWords", "announce_it")  # no flow answers it: only the same text again does


def take_plain_words(
    turn: Turn, conversation: Conversation, heard: Heard, is_command: Callable[[], bool]
) -> str | None:
    """Do what a text in somebody's own words wishes about getting texts, and name it for the records.

    :param is_command: whether a flow knows the text by its words, like ``ES: …`` or ``ANSWER HOURS: …``.
    :returns: None when the text is to be taken as what else it is.
    """
    verdict = judge(turn.body, turn.locale)
    if verdict.wish is Wish.CLEAR and not _leaves_one(turn, heard):
        if turn.clients and turn.opt_out is None:
            return None if is_command() else _ask_member(turn, conversation)
        return _end(turn, conversation, verdict)
    if turn.opt_out is not None:
        return None
    if stays(turn) or verdict.wish is not Wish.AMBIGUOUS or turn.clients or not turn.followed:
        return None
    return _ask(turn, verdict)


def stays(turn: Turn) -> bool:
    """Let an open question whether to end be answered by this text: they stay. False when none is open."""
    if turn.opt_out is not None or not turn.has_respite:
        return False
    if not doubts.are_open(turn.session, turn.contact_point, turn.sender, now=turn.now):
        return False
    doubts.stay(turn.session, turn.contact_point, turn.sender, replace(turn.evidence, source=SOURCE))
    return True


def _end(turn: Turn, conversation: Conversation, verdict: Verdict) -> str:
    known = turn.opt_out is not None
    turn.spoken_locale = verdict.locale
    stop(turn, conversation, replace(turn.evidence, source=SOURCE), by_carrier=False, confirm=not known)
    return "plainwords.again" if known else "plainwords.stop"


def _leaves_one(turn: Turn, heard: Heard) -> bool:
    """Whether it is LEAVE, in words that also mean STOP, about one business of those that they follow."""
    if word("LEAVE").match(heard):
        return len(turn.followed) > 1
    named = word("LEAVE", PHRASE).match(heard)
    return bool(word("LEAVE", COUNT).match(heard)) or (
        named is not None and slugify(named.arguments["said"]) in {client.slug for client in turn.followed}
    )


def _ask(turn: Turn, verdict: Verdict) -> str | None:
    if not doubts.may_be_asked(turn.session, turn.contact_point, turn.sender, now=turn.now):
        return None
    turn.spoken_locale = verdict.locale
    question = turn.say(
        _("{brand}: do you want no more texts? Reply STOP to end, or anything else to stay."),
        brand=brand(turn),
    )
    evidence = replace(turn.evidence, source=SOURCE)
    doubts.ask(turn.session, turn.contact_point, turn.sender, evidence, question)
    turn.reply_verbatim(question)
    return "plainwords.asked"


def _ask_member(turn: Turn, conversation: Conversation) -> str | None:
    """Whoever speaks for a business may mean it for its subscribers ("Stop texting me, come eat!")."""
    said = i18n.fold(turn.body)
    for prompt in conversations.open_prompts(turn.session, conversation, now=turn.now):
        if (prompt.flow, prompt.question) == _MEANT and (prompt.memory or {}).get("said") == said:
            prompt.closed_at = turn.now
            return None
    flow, name = _MEANT
    question = Question(name, {"said": said}, turn.now + AGAIN_WITHIN)
    conversations.open_prompt(turn.session, conversation, flow, question, now=turn.now)
    turn.reply(
        _(
            "Nothing is sent and nothing ended yet. To get no more texts from this number, reply STOP. "
            "To announce what you wrote, text it again."
        )
    )
    return "plainwords.member"
