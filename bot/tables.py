"""Every table, gathered: what Alembic compares the database with, and what makes foreign keys resolve.

Domain packages don't import this; commands, processes and migrations do.
"""

from bot.announcements import models as announcements
from bot.audience import models as audience
from bot.automation import models as automation
from bot.db import Base
from bot.dialogue import models as dialogue
from bot.events import models as events
from bot.media import models as media
from bot.messaging import models as messaging

__all__ = ["announcements", "audience", "automation", "dialogue", "events", "media", "messaging", "metadata"]

metadata = Base.metadata
