"""The statement that marks messages as being called: who goes, who waits, who is skipped."""

from __future__ import annotations

from sqlalchemy import ARRAY, DateTime, Integer, LargeBinary, Text, Uuid, column, text

from bot.messaging import places, respites
from bot.messaging.statuses import (
    CALLING,
    CANCELLED,
    ERASED,
    EXPIRED,
    LEFT,
    OPTED_OUT,
    PENDING,
    RANK,
    SKIPPED,
    SUPPRESSED,
)

_MARK = text("""
    WITH due AS (
        SELECT message.id,
            CASE
                WHEN EXISTS (
                    SELECT FROM opt_out
                    WHERE opt_out.contact_point_id = message.contact_point_id
                        AND opt_out.sender_id = message.sender_id
                        AND opt_out.lifted_at IS NULL
                ) THEN :opted_out
                WHEN contact_point.address IS NULL THEN :erased
                WHEN contact_point.suppressed_at IS NOT NULL THEN :suppressed
                -- Who leaves takes back what is pending; what was being called then comes here again.
                WHEN message.attempts > 0 AND message.client_id IS NOT NULL
                    AND message.purpose = ANY(:to_followers)
                    AND NOT EXISTS (
                        SELECT FROM subscription
                        WHERE subscription.person_id = contact_point.person_id
                            AND subscription.client_id = message.client_id
                            AND subscription.left_at IS NULL
                    ) THEN :left
                WHEN hold.dropped_at IS NOT NULL THEN :cancelled
                WHEN message.expires_at <= :now THEN :expired
            END AS skip_reason,
            message.expires_at, message.position, rendering.segments,
            GREATEST(  -- the last moment of whatever makes it wait; a NULL does not
                (
                    SELECT respite.until FROM respite
                    WHERE respite.contact_point_id = message.contact_point_id
                        AND respite.sender_id = message.sender_id
                        AND respite.ended_at IS NULL
                        AND message.purpose = ANY(:to_followers)
                ),
                closed.until
            ) AS waits_until,
            closed.useful_until
        FROM message
        JOIN contact_point ON contact_point.id = message.contact_point_id
        JOIN sender ON sender.id = message.sender_id
        JOIN rendering ON rendering.id = message.rendering_id
        LEFT JOIN hold ON hold.source_type = message.source_type AND hold.source_id = message.source_id
        LEFT JOIN unnest(
            CAST(:closed_places AS integer[]), CAST(:closed_until AS timestamptz[]),
            CAST(:useful_until AS timestamptz[])
        ) AS closed (place, until, useful_until) ON closed.place = CASE
            WHEN contact_point.place_source IS NULL THEN :not_looked_up
            ELSE COALESCE(contact_point.place_id, :unknown_place)
        END
        WHERE message.chunk_id = :chunk_id
            AND message.rank = :pending_rank
            AND (hold.held_at IS NULL OR hold.dropped_at IS NOT NULL)
            AND (message.next_attempt_at IS NULL OR message.next_attempt_at <= :now
                OR hold.dropped_at IS NOT NULL)
            AND (sender.paused_at IS NULL OR message.expires_at <= :now OR hold.dropped_at IS NOT NULL)
        ORDER BY message.position
        LIMIT :most
        FOR UPDATE OF message SKIP LOCKED
    ), willing AS (
        SELECT *, skip_reason IS NULL AND (waits_until > :now) IS NOT TRUE AS is_willing FROM due
    ), counted AS (
        SELECT *, sum(segments) FILTER (WHERE is_willing) OVER (ORDER BY position) AS through FROM willing
    ), decided AS (
        SELECT id, skip_reason,
            is_willing AND through <= :room AS goes,
            skip_reason IS NULL AND NOT (is_willing AND through <= :room) AS waits,
            -- A useful life begins when it may be sent; one that ends while it waits, ends then.
            GREATEST(expires_at, useful_until) AS expires_at,
            -- Over the day's cap it waits for the next.
            LEAST(
                CASE WHEN is_willing THEN :next_day ELSE waits_until END, GREATEST(expires_at, useful_until)
            ) AS due_again
        FROM counted
        WHERE NOT is_willing OR through > :room OR through - segments < :allowance
    ), marked AS (
        UPDATE message
        SET status = CASE WHEN goes THEN :calling WHEN waits THEN status ELSE :skipped END,
            rank = CASE WHEN goes THEN :calling_rank WHEN waits THEN rank ELSE :skipped_rank END,
            attempts = CASE WHEN goes THEN attempts + 1 ELSE attempts END,
            calling_at = CASE WHEN goes THEN :now ELSE calling_at END,
            next_attempt_at = CASE WHEN waits THEN due_again ELSE next_attempt_at END,
            expires_at = CASE WHEN waits THEN decided.expires_at ELSE message.expires_at END,
            skip_reason = decided.skip_reason,
            updated_at = :now
        FROM decided
        WHERE message.id = decided.id
        RETURNING message.*
    ), steps AS (
        INSERT INTO message_history (message_id, status, source, detail, at)
        SELECT id, status, 'send',
            CASE WHEN rank = :pending_rank
                THEN to_char(next_attempt_at AT TIME ZONE 'UTC', '"waits until "YYYY-MM-DD HH24:MI" UTC"')
                ELSE skip_reason
            END,
            :now
        FROM marked
    )
    SELECT marked.id, marked.status, marked.attempts, marked.expires_at, contact_point.address,
        rendering.text AS body, rendering.media, rendering.segments,
        COALESCE(contact_point.place_id, :unknown_place) AS place
    FROM marked
    JOIN contact_point ON contact_point.id = marked.contact_point_id
    JOIN rendering ON rendering.id = marked.rendering_id
    ORDER BY marked.position
""").bindparams(
    pending_rank=RANK[PENDING],
    calling_rank=RANK[CALLING],
    skipped_rank=RANK[SKIPPED],
    calling=CALLING,
    skipped=SKIPPED,
    opted_out=OPTED_OUT,
    erased=ERASED,
    suppressed=SUPPRESSED,
    left=LEFT,
    cancelled=CANCELLED,
    expired=EXPIRED,
    to_followers=list(respites.PURPOSES),
    not_looked_up=places.NOT_LOOKED_UP,
    unknown_place=places.UNKNOWN,
)
#: Give it ``chunk_id``, ``most`` and ``now``; ``allowance``, the segments that may go now (the last text may
#: be longer); ``room``, those that may go before ``next_day``; and the parameters of places.Openings. A row
#: comes back for every message that it decided about.
MARK = _MARK.columns(
    column("id", Uuid()),
    column("status", Text()),
    column("attempts", Integer()),
    column("expires_at", DateTime(timezone=True)),
    column("address", LargeBinary()),
    column("body", LargeBinary()),
    column("media", ARRAY(Text())),
    column("segments", Integer()),
    column("place", Integer()),
)
