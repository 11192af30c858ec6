"""How far from the victim an account stands: 0 the victim's own, 1 the first that received, n by the shortest way."""

from collections.abc import Sequence

from antifraud.intake.facts import AccountFacts, TransferFacts

_End = tuple[str | None, str | None, str | None]


def tiers_of(transfers: Sequence[TransferFacts]) -> list[int]:
    """Return the tier of each transfer's payee.

    What the source told (`hop`) stands; otherwise a payer that itself
    received money in this report is one tier further on, and anybody else who
    paid is a victim. Cycles end at the shortest way.
    """
    known: dict[_End, int] = {}
    tiers = [0 if transfer.hop is None else transfer.hop for transfer in transfers]
    payees = {_end(transfer.payee) for transfer in transfers if transfer.payee is not None}
    for index, transfer in enumerate(transfers):
        is_first = transfer.payer is None or _end(transfer.payer) not in payees
        if transfer.hop is None and is_first:
            tiers[index] = 1
        if tiers[index]:
            _lower(known, transfer, tiers[index])
    # Each round settles at least one more tier, so as many rounds as transfers are enough.
    for _ in transfers:
        for index, transfer in enumerate(transfers):
            if not tiers[index] and transfer.hop is None and transfer.payer is not None:
                before = known.get(_end(transfer.payer))
                if before is not None:
                    tiers[index] = before + 1
                    _lower(known, transfer, tiers[index])
    # A circle that no victim feeds has no beginning: each of its accounts counts as the first.
    return [tier or (1 if transfer.hop is None else 0) for tier, transfer in zip(tiers, transfers, strict=True)]


def _lower(known: dict[_End, int], transfer: TransferFacts, tier: int) -> None:
    if transfer.payee is not None:
        end = _end(transfer.payee)
        known[end] = min(tier, known.get(end, tier))


def _end(account: AccountFacts) -> _End:
    return (account.institution, account.number or account.masked, account.sub_ref)
