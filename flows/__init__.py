"""Every conversation, one file each, and the dialogue that they make together."""

from bot.dialogue.service import Dialogue
from flows.announce import Announce
from flows.answers import Answers
from flows.ask import Ask
from flows.commands import Commands
from flows.join import Join
from flows.language import Language
from flows.leave import Leave
from flows.other import Keep, Welcome
from flows.pause import Pause
from flows.schedule import Schedule
from flows.series import Series

#: In the order in which they are asked whether a word is theirs, within a role.
FLOWS = (Announce, Schedule, Pause, Answers, Series, Ask, Keep, Join, Leave, Language, Commands, Welcome)

dialogue = Dialogue(FLOWS)
