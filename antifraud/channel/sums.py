"""What the amounts of an answer may say: parts that do not add up, and returns above what is held, are refused."""

from typing import ClassVar, Final
from uuid import UUID

from antifraud.channel.wire import Answer
from antifraud.foundation.problems import Fault, Problem, fault, pointer
from workflows.money import Difference, Parts, ReturnNotice, difference_of, judge_return
from workflows.state import Hold


class PartsRefused(Problem):
    """The parts of the money do not add up to what arrived."""

    status = 422
    type = "parts-do-not-add-up"
    reason: ClassVar[str] = "parts"


class ReturnRefused(Problem):
    """This return of money cannot be counted."""

    status = 422
    type = "return-refused"
    reason: ClassVar[str] = "return"


SUMS_REFUSED: Final = (PartsRefused, ReturnRefused)
REFUSED: Final = frozenset(kind.reason for kind in SUMS_REFUSED)
"""Under which reasons messages are kept whose sender was told a problem; also keys of `[watch]`, where it has them."""
REFUSED_STATUS: Final = 422


def parts_of(answer: Answer, hold: Hold) -> Parts:
    """Return what an answer says of the money that arrived, in the hold's asset; what is in another one is unsaid."""
    is_same = answer.asset is None or answer.asset == hold.asset
    return Parts(
        asset=hold.asset,
        arrived=answer.arrived_minor if is_same else None,
        held=answer.held_minor if is_same else None,
        onward=tuple(item.amount_minor if item.asset == hold.asset else None for item in answer.next),
        withdrawn=answer.withdrawn_minor if is_same else None,
        spent=answer.spent_minor if is_same else None,
        left=answer.left_minor if is_same else None,
    )


def refuse_parts(parts: Parts) -> None:
    """Refuse parts that do not add up.

    Raises:
        PartsRefused: With the difference, its side, and a pointer to each amount that counts.
    """
    found = difference_of(parts)
    if found is not None:
        raise PartsRefused(
            f"{found.sentence}. Nothing was done. Send a new message whose parts add up to arrived_minor, or leave out "
            f"what is not known",
            errors=_places(parts, found),
        )


def _places(parts: Parts, found: Difference) -> list[Fault]:
    said: dict[tuple[str | int, ...], int | None] = {
        ("held_minor",): parts.held,
        **{("next", number, "amount_minor"): amount for number, amount in enumerate(parts.onward)},
        ("withdrawn_minor",): parts.withdrawn,
        ("spent_minor",): parts.spent,
        ("left_minor",): parts.left,
    }
    whole = f"{found.arrived}: {found.amount} {'more' if found.side == 'arrived' else 'less'} than its parts together"
    return [
        fault("/arrived_minor", whole),
        *(fault(pointer(*steps), f"{amount} of {found.told}") for steps, amount in said.items() if amount),
    ]


def refuse_return(
    notice: ReturnNotice, before: list[ReturnNotice], hold: Hold, *, recalled: int | None = None
) -> UUID | None:
    """Refuse money given back that nobody held; return the notice that this one repeats, None if it is new.

    A recall gives money back that was never held: then ``recalled``, what was asked for, is the most.

    Raises:
        ReturnRefused: It goes above what was held, or tells another sum under the same reference.
    """
    counted = sum(known.amount for known in before)
    held = hold.held_minor + counted if hold.held_minor else max(hold.counted_minor, counted, recalled or 0)
    judged = judge_return(notice, before, held=held, asset=hold.asset)
    if judged.verdict == "above_held":
        raise ReturnRefused(
            f"{held - counted} {hold.asset} minor units are held, {notice.amount} were given back: {judged.excess} too "
            f"much. Nothing was done. Send a new message with the sum that was given back of this hold",
            errors=[fault("/held_minor", f"{judged.excess} above what is held")],
        )
    if judged.verdict == "differs":
        raise ReturnRefused(
            "another sum, or another asset, is known under this reference or for this hold. Nothing was done. Send "
            "each return once, in the asset of the hold, under a reference of its own",
            errors=[fault("/return_reference", "known with another sum or asset")],
        )
    return UUID(judged.of) if judged.of is not None else None
