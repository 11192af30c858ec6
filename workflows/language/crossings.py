"""What no table shows alone: names that lead nowhere, and what a scheme cannot do without."""

from collections.abc import Collection, Iterator

from workflows.language.reading import Fault
from workflows.language.waiting import lasting_tasks, passing_tasks, waiting_faults
from workflows.scheme import HOLDING, Definition
from workflows.scheme_rules import BEGINNING


def crossings(read: Definition) -> Collection[Fault]:
    """Return the faults of a definition whose tables are sound by themselves."""
    lasting, passing = list(_lasting_tasks(read)), list(passing_tasks(read))
    faults = [
        (path, f"tasks.{task} has no again: undone, it would be forgotten")
        for path, task in lasting
        if task in read.tasks and read.tasks[task].again is None
    ]
    used = lasting + passing
    faults += [(path, f"there is no [tasks.{task}]") for path, task in used if task and task not in read.tasks]
    opened = {task for _, task in used}
    faults += [(f"tasks.{kind}", "nothing opens this task") for kind in read.tasks if kind not in opened]
    faults += _request_faults(read)
    if "other" not in read.outcomes or read.outcomes["other"].conclusive:
        faults.append(("outcomes.other", "must exist and be pending: what nobody mapped is read by a person"))
    return [*faults, *_lane_faults(read), *_duty_faults(read), *waiting_faults(read)]


def opened_tasks(read: Definition) -> frozenset[str]:
    """Return every task that something in the definition opens."""
    return frozenset(task for _, task in (*_lasting_tasks(read), *passing_tasks(read)))


def _request_faults(read: Definition) -> Iterator[Fault]:
    """Yield what is asked without an answer, and what is held without a way to let it go."""
    needs_stop = any(lane.first is None and lane.mode != "elsewhere" for lane in read.lanes.values())
    if needs_stop and not read.has_role("stop"):
        yield "requests", "no kind has the role stop: nothing would ever be asked"
    holding = {effect for outcome in read.outcomes.values() for effect in outcome.hold.values()} & HOLDING
    if holding and not read.has_role("release"):
        yield "requests", f"no kind has the role release, and an outcome makes a hold {min(holding)}"
    for kind, rules in read.requests.items():
        if rules.role == "notice":
            continue  # told, and never answered
        if not any(kind in outcome.hold for outcome in read.outcomes.values()):
            yield f"requests.{kind}", "no conclusive outcome answers it"


def _lane_faults(read: Definition) -> Iterator[Fault]:
    for code, lane in read.lanes.items():
        if lane.first is None:
            continue
        rules = read.requests.get(lane.first)
        if rules is None:
            yield f"lanes.{code}.first", f"there is no [requests.{lane.first}]"
        elif rules.role not in BEGINNING:
            yield f"lanes.{code}.first", f"{lane.first} is a {rules.role}: a claim begins with a stop or a freeze"
        elif "unconfirmed" not in rules.from_states:
            yield f"lanes.{code}.first", f"requests.{lane.first}.from does not have unconfirmed"
    if read.has_role("stop") and any(lane.first is None and lane.mode != "elsewhere" for lane in read.lanes.values()):
        kind = read.kind_for("stop")
        if "unconfirmed" not in read.requests[kind].from_states:
            yield f"requests.{kind}.from", "must have unconfirmed: it is what a claim begins with"


def _duty_faults(read: Definition) -> Iterator[Fault]:
    reduced = {kind for outcome in read.outcomes.values() for kind, what in outcome.hold.items() if what == "reduced"}
    is_partial = read.objection is not None and read.objection.effect == "partial"
    if is_partial and not any(read.role_of(kind) == "release" for kind in reduced):
        yield "objection.effect", "no outcome makes a hold reduced by a release: a part cannot be let go"
    marks = {mark for outcome in read.outcomes.values() for mark in outcome.marks}
    for duty in read.obligations:
        if duty.when in {"spent", "withdrawn"} and duty.when not in marks:
            yield f"obligations.{duty.code}.when", f"no outcome has the mark {duty.when}"


def _lasting_tasks(read: Definition) -> Iterator[Fault]:
    """Tasks that nothing else waits for: each must come again while it stays undone."""
    yield from ((f"watch.{key}", task) for key, task in read.watch.items())
    yield "follow.task", read.chase_task
    yield "clocks.approval.task", read.approval_task
    for outcome in read.outcomes.values():
        named = {
            "tasks": outcome.tasks,
            "tasks_if_short": outcome.tasks_if_short,
            "tasks_if_no_hop": outcome.tasks_if_no_hop,
        }
        for key, tasks in named.items():
            yield from ((f"outcomes.{outcome.code}.{key}[{n}]", task) for n, task in enumerate(tasks))
    if read.extension is not None:
        yield "follow.extension.task", read.extension.task
    if read.objection is not None:
        yield "objection.task", read.objection.task
    yield from ((f"lanes.{code}.task", lane.task) for code, lane in read.lanes.items() if lane.task is not None)
    yield from ((f"obligations.{duty.code}.task", duty.task) for duty in read.obligations)
    yield from lasting_tasks(read)
