"""`parse(text)`: a definition's TOML, or every fault in it at once, each with its TOML path."""

import hashlib
import json
import re
import tomllib
from collections.abc import Collection, Mapping
from datetime import date
from types import MappingProxyType

from workflows import scheme as d
from workflows.clocks import CALENDARS, Length, TimeBox, UnknownZone, zone_of
from workflows.tables import NOTHING, Table

Definition = d.Definition

_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_WATCH = (
    *("task", "confirm", "lead", "other", "conflict", "amount", "executed_at", "clock_wrong"),
    *("stopped_after_end", "gap", "limit", "release", "review", "papers", "appeal", "differ", "quarantine"),
)
_PERCENT = 100


class InvalidDefinition(ValueError):
    """The definition has faults; `faults` are all of them, as (TOML path, sentence)."""

    def __init__(self, faults: Collection[tuple[str, str]]) -> None:
        """Keep the faults in the order in which they stand in the file."""
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{path}: {sentence}" if path else sentence for path, sentence in self.faults))


class _Reader:
    """Reads one document; `provenance` gathers source and confidence of every rule."""

    def __init__(self, document: Mapping[str, object]) -> None:
        self.faults: list[tuple[str, str]] = []
        self.provenance: list[d.Provenance] = []
        self.root = Table(document, "", self.faults)
        self.name = ""
        self.zone = "UTC"

    def sourced(self, table: Table) -> tuple[str, str]:
        source, confidence = table.text("source"), table.text("confidence", d.CONFIDENCES)
        self.provenance.append(d.Provenance(path=table.path, source=source, confidence=confidence))
        return source, confidence

    def box(self, rule: str, length: Length, calendar: str, sourced: tuple[str, str]) -> TimeBox:
        source, confidence = sourced
        return TimeBox(
            rule=rule,
            definition=self.name,
            length=length,
            calendar=calendar,
            zone=self.zone,
            source=source,
            confidence=confidence,
        )

    def clock(self, table: Table) -> TimeBox:
        calendar = table.text("calendar", CALENDARS)
        length = table.length("length", calendar=calendar) or NOTHING
        box = self.box(table.path, length, calendar, self.sourced(table))
        table.close()
        return box

    def clocks_by_urgency(self, clocks: Table, key: str, urgencies: Collection[str]) -> Mapping[str, TimeBox]:
        table = clocks.table(key)
        boxes = {code: self.clock(table.table(code)) for code in urgencies}
        table.close()
        return MappingProxyType(boxes)

    def urgencies(self) -> tuple[d.Urgency, ...]:
        table = self.root.table("urgency")
        found = []
        for code in table.codes():
            line = table.table(code)
            found.append(d.Urgency(code=code, younger_than=line.length("younger_than", optional=True)))
            self.sourced(line)
            line.close()
        if not found or found[-1].younger_than is not None:
            self.root.fault("urgency", "the last urgency must have no younger_than, so that every payment has one")
        for urgency in found[:-1]:
            if urgency.younger_than is None:
                table.fault(urgency.code, "only the last urgency may be without younger_than")
        return tuple(found)

    def term(self, clocks: Table, key: str, *, limited: bool) -> d.Term:
        table = clocks.table(key)
        calendar = table.text("calendar", CALENDARS)
        length = table.length("length", calendar=calendar) or NOTHING
        texts = table.texts("warnings")
        terms = table.whole("terms", 1, 99) if limited else None
        warning_task, lapse_task = table.text("warning_task"), table.text("lapse_task")
        sourced = self.sourced(table)
        warnings = tuple(
            self.box(
                table.at(f"warnings[{n}]"),
                table.measured(f"warnings[{n}]", text, "absolute"),
                "absolute",
                sourced,
            )
            for n, text in enumerate(texts)
        )
        spans = [box.length.absolute() for box in warnings]
        if spans != sorted(spans, reverse=True) or len(set(spans)) != len(spans):
            table.fault("warnings", "must go from the earliest to the last, each once")
        table.close()
        return d.Term(
            box=self.box(table.path, length, calendar, sourced),
            warnings=warnings,
            warning_task=warning_task,
            lapse_task=lapse_task,
            terms=terms,
        )

    def ladder(self, clocks: Table) -> tuple[tuple[d.Rung, ...], TimeBox]:
        table = clocks.table("ladder")
        again = table.length("again") or NOTHING
        sourced = self.sourced(table)
        rungs = []
        for index, item in enumerate(table.take("rungs", list, [])):
            path = table.at(f"rungs[{index}]")
            if not isinstance(item, dict):
                table.fault(f"rungs[{index}]", "must be a table")
                continue
            rung = Table(item, path, self.faults)
            after = rung.length("after") or NOTHING
            rungs.append(d.Rung(after=self.box(path, after, "absolute", sourced), task=rung.text("task")))
            rung.close()
        if not rungs:
            table.fault("rungs", "must have at least one step")
        if not again.seconds and not again.days:
            table.fault("again", "must be longer than nothing")
        table.close()
        return tuple(rungs), self.box(table.at("again"), again, "absolute", sourced)

    def task(self, table: Table, kind: str) -> d.TaskKind:
        calendar = table.text("calendar", CALENDARS, default="absolute")
        due = table.length("due", calendar=calendar) or NOTHING
        again = table.length("again", optional=True)
        decided = table.take("decided", bool, default=False, optional=True)
        done = table.take("done", str, "", optional=True) or None
        if done not in {None, "lapse_confirmed"}:
            table.fault("done", f"{done!r} is none of lapse_confirmed")
        if again is not None and not again.seconds and not again.days:
            table.fault("again", "must be longer than nothing")
        sourced = self.sourced(table)
        table.close()
        return d.TaskKind(
            kind=kind,
            due=self.box(table.at("due"), due, calendar, sourced),
            again=None if again is None else self.box(table.at("again"), again, "absolute", sourced),
            decided=decided,
            done=done,
        )

    def request(self, table: Table, kind: str) -> d.RequestKind:
        from_states = table.texts("from")
        for index, state in enumerate(from_states):
            if state not in d.HOLD_STATES:
                table.fault(f"from[{index}]", f"{state!r} is not a state of a hold")
        read = d.RequestKind(
            kind=kind,
            approval=table.text("approval", d.APPROVALS),
            filing=table.take("filing", bool, default=False),
            from_states=frozenset(from_states),
            counts_term=table.take("counts_term", bool, default=False),
            needs_amount=table.take("needs_amount", bool, default=False),
            scope=table.text("scope", {"whole", "amount"}),
            rank=table.whole("rank", 0, 1000),
        )
        self.sourced(table)
        table.close()
        return read

    def outcome(self, table: Table, code: str, kinds: Collection[str]) -> d.Outcome:
        conclusive = table.take("conclusive", bool, default=False)
        effects = table.table("hold", optional=not conclusive)
        hold = {kind: effects.text(kind, d.EFFECTS) for kind in kinds if kind in effects.codes()}
        effects.close()
        if conclusive and not hold:
            table.fault("hold", "a conclusive outcome must say what it makes of the hold")
        read = d.Outcome(
            code=code,
            conclusive=conclusive,
            amount=table.text("amount", d.AMOUNTS, default="none"),
            own_fault=table.take("own_fault", bool, default=False, optional=True),
            restarts=table.take("restarts", bool, default=False, optional=True),
            hold=MappingProxyType(hold),
            tasks=table.texts("tasks"),
            tasks_if_short=table.texts("tasks_if_short", optional=True),
            tasks_if_no_hop=table.texts("tasks_if_no_hop", optional=True),
        )
        self.sourced(table)
        table.close()
        return read

    def coded(self, key: str) -> list[tuple[str, Table]]:
        table = self.root.table(key)
        found = []
        for code in table.codes():
            if not _CODE.fullmatch(code):
                table.fault(code, "must be a code of small letters, digits and _")
            found.append((code, table.table(code)))
        return found

    def read(self, content_hash: str) -> d.Definition:
        head = self.root.table("definition")
        ident, version = head.text("id"), head.whole("version", 1, 9999)
        titles = head.text("title_zh"), head.text("title_en")
        status, jurisdiction = head.text("status", d.STATUSES), head.text("jurisdiction")
        zone = head.text("zone")
        head.take("checked_on", date, date.min)
        head.close()
        self.name = f"{ident}.v{version}"
        try:
            zone_of(zone)
            self.zone = zone
        except UnknownZone as error:
            head.fault("zone", str(error))

        asking, measure = self.root.table("asking"), self.root.table("measure")
        skew, follow, watch = self.root.table("skew"), self.root.table("follow"), self.root.table("watch")
        who = asking.texts("who")
        scope, money_in = measure.text("scope", {"whole", "amount"}), measure.take("money_in", bool, default=True)
        ahead = skew.length("ahead") or NOTHING
        mode = follow.text("mode", {"automatic", "person"})
        depth, chase_task = follow.whole("depth", 0, 100), follow.text("task")
        watching = {key: watch.text(key) for key in _WATCH}
        for table in (asking, measure, skew, follow, watch):
            self.sourced(table)
            table.close()

        urgencies = self.urgencies()
        codes = [urgency.code for urgency in urgencies]
        clocks = self.root.table("clocks")
        boxes = {key: self.clocks_by_urgency(clocks, key, codes) for key in ("dispatch", "receipt", "answer")}
        reminder, fallback, approval = clocks.table("reminder"), clocks.table("fallback"), clocks.table("approval")
        percents, apart = self.percents(reminder), reminder.length("asked_apart") or NOTHING
        fallback_task, approval_task = fallback.text("task"), approval.text("task")
        for table in (reminder, fallback):
            self.sourced(table)
            table.close()
        rungs, rung_again = self.ladder(clocks)
        stop_term = self.term(clocks, "stop_term", limited=True)
        freeze_term = self.term(clocks, "freeze_term", limited=False)
        approval_box = self.clock(approval)
        clocks.close()

        requests = {kind: self.request(table, kind) for kind, table in self.coded("requests")}
        outcomes = {code: self.outcome(table, code, requests) for code, table in self.coded("outcomes")}
        tasks = {kind: self.task(table, kind) for kind, table in self.coded("tasks")}
        self.root.close()
        return d.Definition(
            id=ident,
            version=version,
            title_zh=titles[0],
            title_en=titles[1],
            status=status,
            jurisdiction=jurisdiction,
            zone=self.zone,
            content_hash=content_hash,
            who_may_ask=who,
            scope=scope,
            money_in=money_in,
            skew=ahead,
            follow=mode,
            chase_depth=depth,
            chase_task=chase_task,
            watch=MappingProxyType(watching),
            urgencies=urgencies,
            dispatch=boxes["dispatch"],
            receipt=boxes["receipt"],
            answer=boxes["answer"],
            reminder_percents=percents,
            reminder_apart=apart,
            fallback_task=fallback_task,
            rungs=rungs,
            rung_again=rung_again,
            stop_term=stop_term,
            freeze_term=freeze_term,
            approval=approval_box,
            approval_task=approval_task,
            requests=MappingProxyType(requests),
            outcomes=MappingProxyType(outcomes),
            tasks=MappingProxyType(tasks),
            provenance=tuple(self.provenance),
        )

    def percents(self, table: Table) -> tuple[int, ...]:
        given = table.take("at_percent", list, [])
        percents = [value for value in given if isinstance(value, int) and 0 < value < _PERCENT]
        if percents != given or percents != sorted(set(percents)):
            table.fault("at_percent", "must be whole numbers between 1 and 99, rising")
        return tuple(percents)


def parse(text: str) -> d.Definition:
    """Read a definition.

    Raises:
        InvalidDefinition: The text is no TOML, or the definition has faults: all of them, each with its path.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidDefinition([("", f"is not TOML: {error}")]) from error
    canonical = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    reader = _Reader(document)
    read = reader.read(hashlib.sha256(canonical.encode()).hexdigest())
    faults = reader.faults or list(_references(read))
    if faults:
        raise InvalidDefinition(faults)
    return read


def _references(read: d.Definition) -> Collection[tuple[str, str]]:
    """Names that lead nowhere, and what a scheme cannot do without."""
    faults: list[tuple[str, str]] = []
    used: list[tuple[str, str]] = [(f"watch.{key}", task) for key, task in read.watch.items()]
    used += [("follow.task", read.chase_task), ("clocks.approval.task", read.approval_task)]
    for outcome in read.outcomes.values():
        named = {
            "tasks": outcome.tasks,
            "tasks_if_short": outcome.tasks_if_short,
            "tasks_if_no_hop": outcome.tasks_if_no_hop,
        }
        used += [
            (f"outcomes.{outcome.code}.{key}[{n}]", task) for key, of in named.items() for n, task in enumerate(of)
        ]
    for term in (read.stop_term, read.freeze_term):
        used.append((f"{term.box.rule}.lapse_task", term.lapse_task))
    for path, task in used:
        if task in read.tasks and read.tasks[task].again is None:
            faults.append((path, f"tasks.{task} has no again: undone, it would be forgotten"))
    used += [(rung.after.rule + ".task", rung.task) for rung in read.rungs]
    used += [("clocks.fallback.task", read.fallback_task)]
    used += [(f"{term.box.rule}.warning_task", term.warning_task) for term in (read.stop_term, read.freeze_term)]
    faults += [(path, f"there is no [tasks.{task}]") for path, task in used if task not in read.tasks]
    faults += [(f"tasks.{kind}", "nothing opens this task") for kind in read.tasks if kind not in {t for _, t in used}]
    faults += [
        ("requests", f"[requests.{kind}] is missing") for kind in ("stop", "release") if kind not in read.requests
    ]
    for kind in read.requests:
        if not any(kind in outcome.hold for outcome in read.outcomes.values()):
            faults.append((f"requests.{kind}", "no conclusive outcome answers it"))
    if "other" not in read.outcomes or read.outcomes["other"].conclusive:
        faults.append(("outcomes.other", "must exist and be pending: what nobody mapped is read by a person"))
    return faults
