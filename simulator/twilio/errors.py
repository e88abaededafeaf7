"""Twilio's error codes, as its API answers them and as its receipts carry them.

The codes and their meanings: https://www.twilio.com/docs/api/errors
"""

from __future__ import annotations

from typing import Final

REFUSALS: Final[dict[int, tuple[int, str]]] = {
    20001: (400, "Invalid parameter: {detail}"),
    14107: (400, "Message rate limit exceeded"),
    20003: (401, "Authenticate"),
    20004: (405, "Method not allowed"),
    20005: (401, "Account not active"),
    20009: (409, "Cannot change this message before it has reached its final status"),
    20404: (404, "The requested resource {detail} was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    20503: (503, "Service is unavailable. Please try again."),
    21211: (400, "The 'To' number {detail} is not a valid phone number."),
    21212: (400, "The 'From' number {detail} is not a valid phone number."),
    21266: (400, "'To' and 'From' number cannot be the same: {detail}"),
    21408: (400, "Permission to send an SMS has not been enabled for the region of {detail}"),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (
        400,
        (
            "The 'From' phone number {detail} is not a valid, SMS-capable inbound phone number "
            "or short code for your account."
        ),
    ),
    21608: (400, "The number {detail} is unverified. Trial accounts cannot send messages to it"),
    21609: (400, "The 'StatusCallback' URL {detail} is not a valid URL."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (400, "This 'From' number has exceeded the maximum number of queued messages"),
    21612: (400, "The 'To' phone number {detail} is not currently reachable using this 'From' number"),
    21614: (400, "'To' number is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit."),
    21620: (400, "Invalid media URL: {detail}"),
    21623: (400, "Number of media files exceeds allowed limit."),
    21701: (400, "The Messaging Service {detail} does not exist."),
    21703: (400, "The Messaging Service does not contain any available phone numbers."),
    21704: (400, "The Messaging Service has no number for this message."),
    30409: (409, "The message cannot be canceled, because it is no longer scheduled"),
    35111: (400, "SendAt timestamp {detail} is not valid"),
    35114: (400, "SendAt time must be between 300 seconds and 35 days from now"),
    35118: (400, "MessagingServiceSid is required to schedule a message"),
}
"""What the API answers: the HTTP status and the sentence for each code."""

DELIVERY_FAILURES: Final[dict[int, str]] = {
    21610: "Attempt to send to unsubscribed recipient",
    30001: "Queue overflow",
    30002: "Account suspended",
    30003: "Unreachable destination handset",
    30004: "Message blocked",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Carrier violation",
    30008: "Unknown error",
    30017: "Carrier network congestion",
    30022: "US A2P 10DLC - Rate Limits Exceeded",
    30023: "US A2P 10DLC - Daily Message Cap Reached",
    30027: "US A2P 10DLC - T-Mobile Daily Message Limit Reached",
    30032: "Toll-Free Number Has Not Been Verified",
    30034: "US A2P 10DLC - Message from an Unregistered Number",
    30035: "US A2P 10DLC - Message from a number still being configured",
    30036: "Validity Period Expired",
    30410: "Provider timeout error",
    30610: "Message blocked during quiet hours",
    30640: "Message blocked: recipient is a known litigator",
    63038: "Account exceeded the daily messages limit",
}
"""Why an accepted message did not arrive: the resource's error_message for each code."""

WEBHOOK_PROBLEMS: Final[dict[int, str]] = {
    11200: "HTTP retrieval failure",
    11205: "HTTP connection failure",
    12100: "Document parse failure",
    12102: "The root element of a TwiML document must be <Response>",
    12200: "Schema validation warning",
    12300: "Invalid Content-Type",
    14109: "Reply limit of 10 messages exceeded",
    **{code: text.removesuffix(" {detail}").replace(" {detail}", "") for code, (_, text) in REFUSALS.items()},
}
"""What Twilio's debugger says about an answer of the app that it could not use."""


class TwilioRefusalError(Exception):
    """The API refuses a request; the answer's status, code and sentence come from Twilio's tables."""

    def __init__(self, code: int, detail: str = "") -> None:
        self.code = code
        self.status, sentence = REFUSALS[code]
        self.message = sentence.format(detail=detail)
        super().__init__(f"{code}: {self.message}")

    def document(self) -> dict[str, object]:
        """The error's JSON, https://www.twilio.com/docs/usage/twilios-response#response-formats-exceptions."""
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


class WebhookProblemError(Exception):
    """The app's answer to a webhook could not be had or used; `code` is what Twilio's debugger shows."""

    def __init__(self, code: int, detail: str = "", status_code: int | None = None) -> None:
        self.code = code
        self.status_code = status_code
        self.message = f"{WEBHOOK_PROBLEMS[code]}: {detail}" if detail else WEBHOOK_PROBLEMS[code]
        super().__init__(f"{code}: {self.message}")
