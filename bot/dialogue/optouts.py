"""Answers to the carrier's words. Who answers, Twilio or we, is a property of the sender."""

from __future__ import annotations

from bot import i18n
from bot.audience import service as audience
from bot.audience.service import Evidence
from bot.dialogue import carrier, conversations
from bot.dialogue.carrier import CarrierWord
from bot.dialogue.models import Conversation
from bot.dialogue.turn import Turn
from bot.i18n import _
from bot.messaging import service as messaging

BRAND = "Nudges"


def answer_carrier_word(
    turn: Turn, conversation: Conversation, word: CarrierWord, opt_out_type: str | None
) -> bool:
    """Do what a carrier's word asks for; False when it is an ordinary word here (YES, nothing to lift)."""
    by_carrier = turn.sender.opt_outs_by == "carrier" and carrier.acted_on_by_carrier(turn.body, opt_out_type)
    if word is CarrierWord.STOP:
        stop(turn, conversation, turn.evidence, by_carrier=by_carrier, confirm=not by_carrier)
    elif word is CarrierWord.HELP:
        if not by_carrier:
            _help(turn)
    elif turn.opt_out is not None:
        return _start(turn, by_carrier=carrier.acted_on_by_carrier(turn.body, opt_out_type))
    elif i18n.fold(turn.body) == "yes":
        return False
    else:
        _nothing_to_start(turn)
    return True


def answer_stopped(turn: Turn) -> None:
    """Answer any other text from a phone that said STOP: how to come back, and nothing else."""
    turn.reply(_("You opted out, so we don't text this number. Reply START to get texts again."))


def stop(
    turn: Turn, conversation: Conversation, evidence: Evidence, *, by_carrier: bool, confirm: bool
) -> None:
    """End everything for this phone on this sender.

    :param by_carrier: whether Twilio has blocked it, so that only a START that it hears lets texts through.
    :param confirm: whether to say so, in the one text that may still go out.
    """
    ended = brand(turn)
    audience.stop(turn.session, turn.contact_point, turn.sender, evidence, blocked_by_carrier=by_carrier)
    conversations.end(conversation, now=turn.now)
    conversations.close_prompts(turn.session, conversation, now=turn.now)
    turn.opt_out = messaging.opt_out_in_force(turn.session, turn.contact_point.id, turn.sender.id)
    if confirm:
        turn.reply(
            _(
                "{brand}: you are unsubscribed and will get no more texts from this number. "
                "Reply START to come back."
            ),
            brand=ended,
        )


def brand(turn: Turn) -> str:
    """In whose name somebody is answered: the businesses that they follow."""
    names = [client.name for client in turn.followed]
    return i18n.enumeration(names, turn.locale) if names else BRAND


def _start(turn: Turn, *, by_carrier: bool) -> bool:
    """Lift the opt-out. Twilio's own block is lifted only by a text that Twilio itself acts on."""
    assert turn.opt_out is not None
    if turn.opt_out.blocked_by_carrier and not by_carrier:
        return False
    audience.start(turn.session, turn.contact_point, turn.sender, turn.evidence)
    turn.opt_out = None
    if turn.followed:
        turn.reply(
            _("Welcome back! You get texts from {clients} again. Reply STOP to end, HELP for help."),
            clients=i18n.enumeration([client.name for client in turn.followed], turn.locale),
        )
    else:
        turn.reply(_("Welcome back! To follow a business, text JOIN and its name."))
    return True


def _nothing_to_start(turn: Turn) -> None:
    if turn.followed:
        turn.reply(
            _("You already get texts from {clients}."),
            clients=i18n.enumeration([client.name for client in turn.followed], turn.locale),
        )
    else:
        turn.reply(_("You follow no business. To follow one, text JOIN and its name."))


def _help(turn: Turn) -> None:
    clients = [*turn.clients, *turn.followed]
    names = dict.fromkeys(client.name for client in clients)
    brand = i18n.enumeration(names, turn.locale) if names else BRAND
    contacts = dict.fromkeys(client.support_contact for client in clients if client.support_contact)
    if contacts:
        turn.reply(
            _(
                "{brand}: announcements by text. Questions? {contacts}. Msg frequency varies. "
                "Msg & data rates may apply. Reply STOP to end."
            ),
            brand=brand,
            contacts=i18n.listed(contacts, turn.locale),
        )
    else:
        turn.reply(
            _(
                "{brand}: announcements by text. Msg frequency varies. Msg & data rates may apply. "
                "Reply STOP to end."
            ),
            brand=brand,
        )
