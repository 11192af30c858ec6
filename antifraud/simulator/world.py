"""What all simulated banks know and have done, kept in two files so that a kill loses and repeats nothing.

``journal.jsonl`` holds everything that was decided, one line a decision; ``ledger.jsonl`` holds only what was done to
accounts, for whoever wants to count. A decision is in the journal first: an effect that a kill kept out of the ledger
is written there at the next start.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast

from antifraud.channel.wire import Answer, BankRequest, dump_answer, parse_request
from antifraud.foundation.clock import Clock
from antifraud.foundation.json import instant_text
from antifraud.foundation.problems import InvalidValue
from antifraud.simulator import words
from antifraud.simulator.accounts import SILENT, Account, AccountScript, Decision, Effect, Move, decide, lapse_of
from antifraud.simulator.ledger import LineFile
from antifraud.simulator.setup import Bank, SimulatorConfig, simulator_home
from antifraud.simulator.temper import invent, with_more

ACCEPTED: Final = 202
ANSWERED: Final = 200


@dataclass(frozen=True, slots=True)
class Reply:
    """The response to a request, the same however often it is asked for."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Callback:
    """An answer that the bank still owes the centre."""

    bank: str
    key: str
    message_id: str
    url: str
    body: bytes


@dataclass(slots=True)
class _Taken:
    """A request that was taken in, and what became of it."""

    bank: str
    raw: bytes
    reply: Reply
    due_at: datetime | None
    answer: bytes | None = None
    is_delivered: bool = False


class World:
    """Every bank's books. Any thread may call; the clock given is the only time."""

    def __init__(self, home: Path, config: SimulatorConfig, clock: Clock) -> None:
        """Open the books and carry on where they end."""
        self.config = config
        self.clock = clock
        self._lock = threading.RLock()
        self._accounts: dict[tuple[str, str], Account] = {}
        self._taken: dict[tuple[str, str], _Taken] = {}
        folder = simulator_home(home)
        self._journal = LineFile(folder / "journal.jsonl")
        self._ledger = LineFile(folder / "ledger.jsonl")
        effects: list[dict[str, object]] = []
        for line in self._journal.lines:
            effects += self._replay(line)
        self._ledger.append(*effects[len(self._ledger.lines) :])

    def close(self) -> None:
        """Close the books."""
        with self._lock:
            self._journal.close()
            self._ledger.close()

    def write_script(self, script: AccountScript) -> None:
        """Let an account answer as written from now on.

        Raises:
            InvalidValue: No such bank, or a number that is not its own.
        """
        bank = self.config.banks.get(script.institution)
        if bank is None or not bank.has(script.number):
            raise InvalidValue("no simulated bank has such an account: look at its range of numbers")
        with self._lock:
            self._note({"event": "account", "script": asdict(script)})

    def receive(self, bank: Bank, request: BankRequest, raw: bytes) -> Reply:
        """Take a verified request in; one that was taken in before gets the reply of that time, and does nothing.

        Raises:
            InvalidValue: The id was used for other bytes.
        """
        key = (bank.code, str(request.id))
        with self._lock:
            taken = self._taken.get(key)
            if taken is not None:
                if taken.raw != raw:
                    raise InvalidValue("this id was used for another request")
                return taken.reply
            now = self.clock.now()
            self._catch_up(now)
            return self._take(bank, request, raw, now)

    def tick(self) -> list[Callback]:
        """Do what has become due by itself, and return the answers that the centre has not confirmed yet."""
        with self._lock:
            self._catch_up(self.clock.now())
            return [
                self._callback(key, taken)
                for key, taken in self._taken.items()
                if taken.answer is not None and not taken.is_delivered
            ]

    def next_due_at(self) -> datetime | None:
        """Return the earliest instant at which something happens by itself."""
        with self._lock:
            waits = [one.due_at for one in self._taken.values() if one.answer is None and one.due_at is not None]
            ends = [account.ends_at for account in self._accounts.values() if account.ends_at is not None]
            return min([*waits, *ends], default=None)

    def confirm(self, callback: Callback) -> None:
        """Note that the centre has the answer."""
        with self._lock:
            if not self._taken[(callback.bank, callback.key)].is_delivered:
                self._note({"event": "delivered", "bank": callback.bank, "key": callback.key})

    def answer_of(self, bank: Bank, request: BankRequest) -> Callback:
        """Return what the bank has said so far about a request that it took in, as a callback would say it."""
        with self._lock:
            key = (bank.code, str(request.id))
            taken = self._taken[key]
            return self._callback(key, taken if taken.answer is not None else replace(taken, answer=taken.reply.body))

    def ledger(self) -> list[dict[str, object]]:
        """Return every effect so far."""
        with self._lock:
            return list(self._ledger.lines)

    def state(self) -> dict[str, object]:
        """Return the accounts and the requests as they stand."""
        with self._lock:
            self._catch_up(self.clock.now())
            accounts = [
                {
                    "institution": account.script.institution,
                    "number": account.script.number,
                    "asset": account.script.asset,
                    "balance_minor": account.balance_minor,
                    "claimed_minor": sum(account.claims.values()),
                    "frozen_minor": account.frozen_minor,
                    "terms": account.terms,
                    "ends_at": account.ends_at and instant_text(account.ends_at),
                }
                for account in self._accounts.values()
            ]
            requests = [
                {
                    "bank": bank,
                    "key": key,
                    "due_at": taken.due_at and instant_text(taken.due_at),
                    "is_answered": taken.answer is not None,
                    "is_delivered": taken.is_delivered,
                }
                for (bank, key), taken in self._taken.items()
            ]
            return {"now": instant_text(self.clock.now()), "accounts": accounts, "requests": requests}

    def _take(self, bank: Bank, request: BankRequest, raw: bytes, now: datetime) -> Reply:
        received = _answer(request, "received", "r")
        if request.kind == "reminder":
            # It asks for nothing new: what is owed goes out again, what waits goes on waiting.
            self._remind(bank, request)
            return self._noted(bank, raw, Reply(ACCEPTED, dump_answer(received)), due_at=None)
        if not bank.has(request.account.number):
            missing = words.said(request, Decision(outcome="no_account"))
            return self._answered_at_once(bank, request, raw, missing, now)
        script = self._account(bank, request).script
        if script.answer == SILENT:
            return self._noted(bank, raw, Reply(ACCEPTED, dump_answer(received)), due_at=None)
        if script.after_seconds:
            due_at = now + timedelta(seconds=script.after_seconds)
            return self._noted(bank, raw, Reply(ACCEPTED, dump_answer(received)), due_at=due_at)
        decision = self._decided(self._account(bank, request), request, now)
        return self._answered_at_once(bank, request, raw, decision, now)

    def _decided(self, account: Account, request: BankRequest, at: datetime) -> Decision:
        term = words.term_of(request, self.config.stop_term)
        return words.said(request, decide(account, words.understood(request), at, term))

    def _answered_at_once(
        self, bank: Bank, request: BankRequest, raw: bytes, decision: Decision, now: datetime
    ) -> Reply:
        reply = Reply(ANSWERED, self._document(request, decision, now))
        self._note(_request_line(bank.code, raw, reply, None) | {"effects": [_line(one) for one in decision.effects]})
        return reply

    def _noted(self, bank: Bank, raw: bytes, reply: Reply, due_at: datetime | None) -> Reply:
        self._note(_request_line(bank.code, raw, reply, due_at))
        return reply

    def _remind(self, bank: Bank, request: BankRequest) -> None:
        taken = self._taken.get((bank.code, str(request.about)))
        if taken is not None and taken.answer is not None and taken.is_delivered:
            self._note({"event": "owed_again", "bank": bank.code, "key": str(request.about)})

    def _account(self, bank: Bank, request: BankRequest) -> Account:
        key = (bank.code, request.account.number)
        if key not in self._accounts:
            # On the disk together with the line of the request, which follows.
            self._note({"event": "account", "script": asdict(invent(bank, request))}, sync=False)
        elif request.supplement and words.understood(request).kind == "stop" and self._accounts[key].script.invented:
            grown = with_more(bank, self._accounts[key].script, request)
            self._note({"event": "account", "script": asdict(grown)}, sync=False)
        return self._accounts[key]

    def _catch_up(self, now: datetime) -> None:
        """Do everything that was due until now, in the order in which it was due."""
        while True:
            waits: list[tuple[datetime, str, Callable[[], None]]] = []
            for key, taken in self._taken.items():
                if taken.answer is None and taken.due_at is not None and taken.due_at <= now:
                    waits.append((taken.due_at, key[1], lambda key=key: self._answer_late(key)))  # type: ignore[misc]  # default binds now
            for account in self._accounts.values():
                lapse = lapse_of(account, now)
                if lapse is not None:
                    line = {"event": "lapse", "effects": [_line(lapse)]}
                    waits.append((lapse.at, lapse.key, lambda line=line: self._note(line)))  # type: ignore[misc]  # default binds now
            if not waits:
                return
            min(waits, key=lambda one: one[:2])[2]()

    def _answer_late(self, key: tuple[str, str]) -> None:
        taken = self._taken[key]
        due_at = cast("datetime", taken.due_at)
        request = parse_request(taken.raw)
        account = self._accounts[(key[0], request.account.number)]
        decision = self._decided(account, request, due_at)
        self._note(
            {
                "event": "answer",
                "bank": key[0],
                "key": key[1],
                "answer": self._document(request, decision, due_at).decode("utf-8"),
                "effects": [_line(one) for one in decision.effects],
            }
        )

    def _document(self, request: BankRequest, decision: Decision, at: datetime) -> bytes:
        account = self._accounts.get((request.account.institution, request.account.number))
        has_amount = decision.held_minor is not None
        return dump_answer(
            replace(
                _answer(request, decision.outcome, "a"),
                held_minor=decision.held_minor,
                balance_minor=account.balance_minor if account is not None and has_amount else None,
                asset=account.script.asset if account is not None and has_amount else None,
                executed_at=at if decision.effects else None,
                ends_at=decision.ends_at,
                reason=decision.reason,
                next=decision.next,
            )
        )

    def _callback(self, key: tuple[str, str], taken: _Taken) -> Callback:
        body = taken.answer or b""
        suffix = "r" if body == taken.reply.body else "a"
        return Callback(key[0], key[1], f"{key[1]}-{suffix}", parse_request(taken.raw).reply_to, body)

    def _note(self, line: Mapping[str, object], *, sync: bool = True) -> None:
        self._journal.append(line, sync=sync)
        # The journal is on the disk: what a power cut takes from the ledger comes back at the next start.
        self._ledger.append(*self._replay(line), sync=False)

    def _replay(self, line: Mapping[str, Any]) -> list[dict[str, object]]:
        match line["event"]:
            case "account":
                self._replay_account(line["script"])
            case "request":
                due_at = datetime.fromisoformat(line["due_at"]) if line["due_at"] else None
                raw = line["raw"].encode("utf-8")
                reply = Reply(line["status"], line["reply"].encode("utf-8"))
                self._taken[(line["bank"], line["key"])] = _Taken(line["bank"], raw, reply, due_at)
            case "answer":
                self._taken[(line["bank"], line["key"])].answer = line["answer"].encode("utf-8")
            case "delivered":
                self._taken[(line["bank"], line["key"])].is_delivered = True
            case "owed_again":
                self._taken[(line["bank"], line["key"])].is_delivered = False
            case _:
                pass
        effects: list[dict[str, object]] = line.get("effects", [])
        for effect in effects:
            found = _effect(effect)
            account = self._accounts[(found.bank, found.number)]
            self._accounts[(found.bank, found.number)] = account.after(found)
        return effects

    def _replay_account(self, document: Mapping[str, Any]) -> None:
        moves = tuple(Move(**move) for move in document["moves"])
        script = AccountScript(**(dict(document) | {"moves": moves}))
        key = (script.institution, script.number)
        known = self._accounts.get(key)
        self._accounts[key] = Account(script) if known is None else replace(known, script=script)


def _answer(request: BankRequest, outcome: str, suffix: str) -> Answer:
    return Answer(
        message_id=f"{request.id}-{suffix}",
        request_id=request.id,
        outcome=outcome,
        held_minor=None,
        balance_minor=None,
        asset=None,
        executed_at=None,
        ends_at=None,
        reason=None,
        next=(),
        raw_code=None,
    )


def _request_line(bank: str, raw: bytes, reply: Reply, due_at: datetime | None) -> dict[str, object]:
    return {
        "event": "request",
        "bank": bank,
        "key": str(parse_request(raw).id),
        "raw": raw.decode("utf-8"),
        "status": reply.status,
        "reply": reply.body.decode("utf-8"),
        "due_at": due_at and instant_text(due_at),
    }


def _line(effect: Effect) -> dict[str, object]:
    return asdict(effect) | {
        "at": instant_text(effect.at),
        "ends_at": effect.ends_at and instant_text(effect.ends_at),
    }


def _effect(line: Mapping[str, Any]) -> Effect:
    times = {
        "at": datetime.fromisoformat(line["at"]),
        "ends_at": datetime.fromisoformat(line["ends_at"]) if line["ends_at"] else None,
    }
    return Effect(**(dict(line) | times))
