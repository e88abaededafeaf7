"""Files that people send: the webhook names them, the API gives them to the account alone."""

from __future__ import annotations

import pytest
import requests
from twilio.rest import Client

from simulator.twilio.client import StandIn, StandInError, a_file
from tests.simulator.twilio.rig import ACCOUNT, NUMBER, PERSON, TOKEN, App

GIF = b"GIF89a a cat" + bytes(range(256))


def sent(connected: StandIn, app: App) -> str:
    """Send a file, and return the address that the webhook named."""
    connected.text(PERSON, "Look!", media=[a_file(GIF, "image/gif")])
    form = app.texts()[0].form
    assert (form["NumMedia"], form["MediaContentType0"]) == ("1", "image/gif")
    return form["MediaUrl0"]


def test_the_address_is_the_account_s_and_leads_to_the_file(connected: StandIn, app: App) -> None:
    address = sent(connected, app)
    (message,) = connected.messages(PERSON, direction="inbound")
    assert message["media"] == [address]
    assert f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{message['sid']}/Media/ME" in address

    redirect = requests.get(address, auth=(ACCOUNT, TOKEN), allow_redirects=False, timeout=5)
    assert redirect.status_code == 307
    found = requests.get(redirect.headers["Location"], timeout=5)
    assert (found.content, found.headers["Content-Type"]) == (GIF, "image/gif")


def test_strangers_are_not_shown_where_it_is(connected: StandIn, app: App) -> None:
    assert requests.get(sent(connected, app), timeout=5).status_code == 401


def test_it_is_gone_when_everything_is_forgotten(connected: StandIn, app: App) -> None:
    address = sent(connected, app)
    store = requests.get(address, auth=(ACCOUNT, TOKEN), allow_redirects=False, timeout=5).headers["Location"]
    connected.reset()
    assert requests.get(address, auth=(ACCOUNT, TOKEN), timeout=5).status_code == 404
    assert requests.get(store, timeout=5).status_code == 404


@pytest.mark.parametrize(
    "media", [[{"content": "no base64!"}], [{"content_type": "image/gif"}], [a_file(GIF, "image/gif")] * 11]
)
def test_what_is_no_file_is_refused(stand_in: StandIn, media: list[dict[str, str]]) -> None:
    with pytest.raises(StandInError):
        stand_in.text(PERSON, media=media)


def test_an_mms_has_one_price(twilio: Client, stand_in: StandIn) -> None:
    message = twilio.messages.create(
        to=PERSON, from_=NUMBER, body="long " * 90, media_url=["https://e.com/1"]
    )
    stand_in.wait_for(stand_in.settled)
    assert twilio.messages(str(message.sid)).fetch().price == "-0.02200"
