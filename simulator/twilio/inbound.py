"""A person texts: the webhook that the app gets, and the replies that its answer turns into.

Parameters: https://www.twilio.com/docs/messaging/guides/webhook-request
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .account import Account, check_content, parse_number
from .errors import TwilioRefusalError, WebhookProblemError
from .messages import API_VERSION, Message
from .optouts import Heard
from .problems import document
from .segments import segments
from .twiml import Reply, read

_PLACES: Final = ("City", "State", "Zip", "Country")


@dataclass(frozen=True, slots=True)
class Text:
    """What a person sends. `sid` repeats an earlier text; `extra` adds or replaces webhook parameters."""

    from_: str
    to: str
    body: str
    media: tuple[tuple[str, str], ...] = ()
    """Each file's URL and content type."""
    sid: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)


class Inbound:
    """Takes texts from people to the account's numbers."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._answered: set[str] = set()
        self._heard: dict[str, Heard] = {}

    async def receive(self, text: Text) -> dict[str, Any]:
        """Play one text through and report the app's answer.

        A repeated sid is the same webhook again. Its answer is reported, but becomes messages only if no
        earlier answer to that sid did: Twilio uses one answer per text.
        """
        message, heard, auto_reply = self._take(text)
        report: dict[str, Any] = {
            "sid": message.sid,
            "status_code": None,
            "error": None,
            "auto_reply": auto_reply,
            "replies": [],
        }
        url = self._account.settings.app_url.rstrip("/")
        if not url:
            return report
        url = (self._account.settings.public_url.rstrip("/") or url) + self._account.settings.inbound_path
        try:
            answer = await self._account.webhooks.post(url, self._parameters(message, text, heard))
            report["status_code"] = answer.status
            replies = read(answer, url)
        except WebhookProblemError as problem:
            self._account.problems.note(problem, message.sid)
            report["error"] = document(problem)
            report["status_code"] = report["status_code"] or problem.status_code
            return report
        for left_out in replies.problems:
            self._account.problems.note(left_out, message.sid)
            report["error"] = report["error"] or document(left_out)
        first_answer = message.sid not in self._answered
        self._answered.add(message.sid)
        report["replies"] = [
            self._send(reply, message) if first_answer else {"sid": None, "body": reply.body}
            for reply in replies.messages
        ]
        return report

    def clear(self) -> None:
        """Forget which texts were answered."""
        self._answered.clear()
        self._heard.clear()

    def _take(self, text: Text) -> tuple[Message, Heard, dict[str, Any] | None]:
        """Keep the text, act on an opt-out word, and answer that as Twilio does."""
        account = self._account
        earlier = account.store.get(text.sid) if text.sid else None
        if earlier is not None:
            return earlier, self._heard[earlier.sid], None
        service_sid = account.settings.service_of(text.to)
        message = Message(
            direction="inbound",
            from_=text.from_,
            to=text.to,
            body=text.body,
            status="received",
            num_segments=segments(text.body),
            now=account.clock(),
            sid=text.sid,
            service_sid=service_sid,
            media=tuple(url for url, _ in text.media),
        )
        message.sent_at = message.created_at
        account.store.add(message)
        account.feed.text(message)
        scope, mode = service_sid or text.to, account.settings.opt_out_mode
        heard = account.opt_outs.hear(scope, text.from_, text.body, mode)
        self._heard[message.sid] = heard
        if heard.answer is None:
            return message, heard, None
        auto_reply = self._reply_message(Reply(heard.answer), message)
        # Twilio's own answer to STOP is the one text that a blocked phone still gets.
        account.send(auto_reply)
        return message, heard, {"sid": auto_reply.sid, "body": auto_reply.body}

    def _parameters(self, message: Message, text: Text, heard: Heard) -> dict[str, str]:
        settings = self._account.settings
        parameters = {
            "AccountSid": settings.account_sid,
            "ApiVersion": API_VERSION,
            "Body": message.body,
            "From": message.from_,
            "MessageSid": message.sid,
            "NumMedia": str(len(message.media)),
            "NumSegments": str(message.num_segments),
            "SmsMessageSid": message.sid,
            "SmsSid": message.sid,
            "SmsStatus": "received",
            "To": message.to,
        }
        if message.service_sid is not None:
            parameters["MessagingServiceSid"] = message.service_sid
        for end, number in (("From", message.from_), ("To", message.to)):
            parameters |= {f"{end}{place}": "" for place in _PLACES}
            parameters[f"{end}Country"] = "US" if number.startswith("+1") else ""
        for index, (url, content_type) in enumerate(text.media):
            parameters[f"MediaUrl{index}"] = url
            parameters[f"MediaContentType{index}"] = content_type
        if settings.opt_out_mode == "advanced" and heard.kind is not None:
            parameters["OptOutType"] = heard.kind
        return {**parameters, **text.extra}

    def _send(self, reply: Reply, text: Message) -> dict[str, Any]:
        """Send one reply. What cannot be sent is reported, and where it is a message it has failed."""
        try:
            message = self._reply_message(reply, text)
            check_content(reply.body, reply.media)
        except TwilioRefusalError as refusal:
            problem = WebhookProblemError(refusal.code)
            self._account.problems.note(problem, text.sid)
            return {"sid": None, "body": reply.body, "error": document(problem)}
        blocked = self._account.blocks(message.service_sid, message.from_, message.to)
        self._account.send(message, failing_with=21610 if blocked else None)
        return {"sid": message.sid, "body": message.body}

    def _reply_message(self, reply: Reply, text: Message) -> Message:
        sender = text.to if reply.from_ is None else parse_number(reply.from_, 21212)
        service_sid = self._account.settings.service_of(sender)
        if service_sid is None:
            raise TwilioRefusalError(21606, sender)
        return Message(
            direction="outbound-reply",
            from_=sender,
            to=text.from_ if reply.to is None else parse_number(reply.to, 21211),
            body=reply.body,
            status="queued",
            num_segments=segments(reply.body),
            now=self._account.clock(),
            service_sid=service_sid,
            media=reply.media,
            callbacks=reply.callbacks,
        )
