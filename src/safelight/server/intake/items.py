"""Items and accounts, found or made so that two arrivals at once get the same row, and lock it."""

from __future__ import annotations

from safelight.server.ids import new_id, now
from safelight.server.intake.arrivals import Arrival, ScannedFile, Words
from safelight.server.intake.models import Account, Item
from safelight.server.intake.record_keys import RecordKeys
from safelight.server.intake.scanning import Scanned
from safelight.types import Outcome, UnscannedReason


def tags_of(thing: ScannedFile | Words, keys: RecordKeys) -> list[bytes]:
    """The tags that this content may be found by."""
    if isinstance(thing, ScannedFile):
        return keys.item_tags(thing.scanned.sha256)
    return keys.content_tags(thing.kind, thing.content)


def is_kept(arrival: Arrival, thing: ScannedFile | Words, seen_days: int) -> bool:
    """Whether anything of it may be kept beyond the fact that something arrived and what was answered.

    Of a private communication that did not match, nothing is, except while it waits for its scan; of another
    clear file nothing either, where the operator keeps no hashes to re-check (``retention.seen_days`` is 0).
    """
    if not isinstance(thing, ScannedFile) or arrival.told_by_somebody:
        return True
    verdict = thing.scanned.result.verdict
    outcome = verdict.outcome
    if outcome in (Outcome.MATCH, Outcome.HOLD) or verdict.reason is UnscannedReason.NOT_YET:
        return True
    if arrival.private_scan():
        return False
    return outcome is Outcome.UNSCANNED or seen_days > 0


def locked_item(scanned: Scanned, keys: RecordKeys) -> Item:
    """The one item of this SHA-256, locked until the transaction ends, with the better observation."""
    tags = keys.item_tags(scanned.sha256)
    item = _locked(tags)
    while item is None:
        # Of fifty at once one inserts; the others wait for it here and insert nothing.
        Item.objects.bulk_create([_new_item(scanned, keys, tags[0])], ignore_conflicts=True)
        item = _locked(tags)
    observed(item, scanned, keys)
    return item


def observed(item: Item, scanned: Scanned, keys: RecordKeys) -> None:
    """Note what a scan gave of a locked item; one that saw nothing takes no better one's place."""
    verdict = scanned.result.verdict
    if verdict.outcome is Outcome.UNSCANNED and item.outcome != Outcome.UNSCANNED:
        return
    seen = scanned.result.observation
    item.kind, item.mime, item.observed_at = seen.kind.value, seen.mime[:100], seen.scanned_at
    item.outcome, item.rule = verdict.outcome.value, verdict.rule
    item.reason = verdict.reason.value if verdict.reason else ""
    item.observation = keys.seal_observation(item.pk, scanned.result)
    item.save()


def _locked(tags: list[bytes]) -> Item | None:
    return Item.objects.select_for_update(no_key=True).filter(tag__in=tags).first()


def _new_item(scanned: Scanned, keys: RecordKeys, tag: bytes) -> Item:
    id_, seen, verdict = new_id(), scanned.result.observation, scanned.result.verdict
    return Item(
        id=id_,
        tag=tag,
        digest=keys.seal_digest(id_, scanned.sha256),
        size=seen.size,
        kind=seen.kind.value,
        mime=seen.mime[:100],
        observation=keys.seal_observation(id_, scanned.result),
        outcome=verdict.outcome.value,
        reason=verdict.reason.value if verdict.reason else "",
        rule=verdict.rule,
        observed_at=seen.scanned_at,
        first_seen_at=now(),
    )


def account_of(platform_id: str, keys: RecordKeys) -> Account | None:
    """The account of that id on the platform, locked until the transaction ends; None where none is told."""
    if not platform_id:
        return None
    tags = keys.account_tags(platform_id)
    while True:
        if known := Account.objects.select_for_update(no_key=True).filter(tag__in=tags).first():
            return known
        # Of many at once one inserts; the others find it. One that is forgotten meanwhile is made again.
        id_ = new_id()
        sealed = keys.seal_content("account", id_, platform_id)
        made = Account(id=id_, tag=tags[0], platform_id=sealed, first_seen_at=now())
        Account.objects.bulk_create([made], ignore_conflicts=True)
