"""A scene in which something was said in every way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.dialogue.transcript import MONDAY, Player

SCENE = """\
  Pizza Palace is a client (pizza-palace) in English
  Book Nook is a client (book-nook) in Spanish
  Olivia speaks for Pizza Palace
  Ben speaks for Book Nook
  we answer STOP
Sam >> JOIN pizza-palace
Ana >> JOIN pizza-palace
Ana >> JOIN book-nook
Olivia >> ANSWER hours: We open 9 to 6
Olivia >> WELCOME: Hi {name}!
Sam >> hours
Olivia >> Half-price pizza
Olivia >> CONFIRM
Ana >> Is the secret menu on, too?
Ana sends a picture: Look!
Ana >> 1"""


@pytest.fixture
def scene(database: object) -> Player:
    """Two businesses, two subscribers, an announcement that has arrived, and some talk."""
    player = Player(now=MONDAY + timedelta(hours=15))  # in nobody's night
    for line in SCENE.splitlines():
        player.take(line)
    return player
