"""What can become of a message, and in which order.

A status only ever moves up its rank, so receipts may come in any order, twice, or before our own write.
The one step down is ours alone: a 429 was never processed, so ``calling`` goes back to ``pending``.
"""

from __future__ import annotations

PENDING = "pending"
CALLING = "calling"
UNKNOWN = "unknown"
ACCEPTED = "accepted"
QUEUED = "queued"
SENDING = "sending"
SENT = "sent"
UNDELIVERED = "undelivered"
FAILED = "failed"
SKIPPED = "skipped"
DELIVERED = "delivered"
WITHOUT_RECEIPT = "without_receipt"

RANK: dict[str, int] = {
    PENDING: 0,
    CALLING: 10,
    UNKNOWN: 20,
    ACCEPTED: 30,
    QUEUED: 40,
    SENDING: 50,
    SENT: 60,
    # Ends. A late "delivered" may correct the others: it is the only one that a handset stands behind.
    WITHOUT_RECEIPT: 80,  # Twilio had it, and never told more. Whatever it still tells counts.
    SKIPPED: 85,
    FAILED: 85,
    UNDELIVERED: 85,
    DELIVERED: 90,
}

#: From here on nothing more is expected.
FINAL_RANK = 80

#: Twilio's words for a message, as ours (docs: Message resource, "status"). "scheduled" has not left Twilio.
FROM_TWILIO: dict[str, str] = {
    "accepted": ACCEPTED,
    "scheduled": ACCEPTED,
    "queued": QUEUED,
    "sending": SENDING,
    "sent": SENT,
    "delivered": DELIVERED,
    "read": DELIVERED,
    "undelivered": UNDELIVERED,
    "failed": FAILED,
    "canceled": FAILED,
}

# Why a message was never sent.
OPTED_OUT = "opted_out"
SUPPRESSED = "suppressed"
LEFT = "left"
EXPIRED = "expired"
ERASED = "erased"
CANCELLED = "cancelled"
