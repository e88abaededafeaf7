"""Every flow's script: nothing in it is out of reach, and no carrier's word is used for anything else."""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby

import pytest

import flows
from bot import i18n
from bot.dialogue import carrier
from bot.dialogue.flow import Flow
from bot.dialogue.patterns import Heard
from bot.i18n import LOCALES

EVERY_LOCALE = frozenset(LOCALES)
STATES = [(flow, state) for flow in flows.FLOWS for state in flow.machine.states]
STATE_IDS = [f"{flow.__name__} {state}" for flow, state in STATES]


def said() -> list[str]:
    """Texts of every kind that a script knows: each word alone, and with all sorts of things after it."""
    triggers = [line.says.name for flow in flows.FLOWS for line in flow.script]
    english = {name.split(" <")[0] for name in triggers if name.split(" <")[0].isupper()}
    words = [word for each in sorted(english) for word in (each, *i18n.words(each, EVERY_LOCALE))]
    after = ["", " 1", " A1", " book nook", " one two three four five six seven"]
    others = ["1", "ES: hola", "DE: hallo", "confrim", "Half-price pizza until 6", ""]
    others += [
        "WELCOME: hi",
        "WELCOME off",
        "ANSWER hours: 9 to 6",
        "ANSWER HOURS We open 9 to 6",
        "ANSWER hours off",
    ]
    return [word + rest for word in words for rest in after] + others


SAID = said()


def heard_as(flow: type[Flow], state: str, text: str) -> str | None:
    for specific in (True, False):
        found = flow.hear(Heard(text, EVERY_LOCALE), state, specific=specific)
        if found:
            return found[0].says.name
    return None


@pytest.mark.parametrize(("flow", "state"), STATES, ids=STATE_IDS)
def test_every_line_can_be_reached(flow: type[Flow], state: str) -> None:
    """No pattern hides behind an earlier one."""
    wanted = {line.says.name for line in flow.script if line.while_in == state}
    assert wanted <= {heard_as(flow, state, text) for text in SAID}


@pytest.mark.parametrize(("flow", "state"), STATES, ids=STATE_IDS)
def test_of_the_lines_for_one_text_the_last_and_only_the_last_has_no_condition(
    flow: type[Flow], state: str
) -> None:
    """One before it without a condition would hide it; a last one with a condition would leave no answer."""
    by_trigger = defaultdict(list)
    for line in flow.script:
        if line.while_in == state:
            by_trigger[line.says.name].append(line.provided)
    for trigger, conditions in by_trigger.items():
        assert conditions[-1] is None, f"{trigger}: nothing happens when no condition holds"
        assert None not in conditions[:-1], f"{trigger}: a line without a condition hides the next"


@pytest.mark.parametrize("flow", flows.FLOWS, ids=lambda flow: flow.__name__)
def test_every_state_leads_back_to_idle_and_can_be_reached(flow: type[Flow]) -> None:
    leads = {
        state: {line.goes_to for line in flow.script if line.while_in == state} for state in STATES_OF[flow]
    }
    for state in STATES_OF[flow]:
        assert "idle" in reachable(leads, state)
        assert state in reachable(leads, "idle")


STATES_OF = {
    flow: [state for _flow, state in states] for flow, states in groupby(STATES, key=lambda pair: pair[0])
}


def reachable(leads: dict[str, set[str]], start: str) -> set[str]:
    found, new = {start}, {start}
    while new:
        new = {state for each in new for state in leads[each]} - found
        found |= new
    return found


@pytest.mark.parametrize("flow", flows.FLOWS, ids=lambda flow: flow.__name__)
def test_every_condition_and_every_step_is_a_method(flow: type[Flow]) -> None:
    for line in flow.script:
        for name in (line.does, line.provided or line.does):
            assert callable(getattr(flow, name, None)), name


@pytest.mark.parametrize("carrier_word", carrier.WORDS)
def test_no_flow_uses_a_carrier_s_word(carrier_word: str) -> None:
    """But YES, which lifts a block that is there, and says nothing but "I see" where there is none."""
    heard = Heard(carrier_word.upper(), EVERY_LOCALE)
    for flow in flows.FLOWS:
        patterns = [line.says for line in flow.script] + [answer.says for answer in flow.answers]
        users = {pattern.name for pattern in patterns if pattern.specific and pattern.match(heard)}
        assert users <= ({"YES"} if carrier_word == "yes" else set()), flow.__name__


def test_no_word_begins_two_conversations() -> None:
    for text in SAID:
        heard = Heard(text, EVERY_LOCALE)
        users = [flow.__name__ for flow in flows.FLOWS if flow.hear(heard, "idle", specific=True)]
        assert len(users) <= 1, (text, users)
