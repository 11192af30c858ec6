"""What no table shows alone: names that lead nowhere, and what a scheme cannot do without."""

from collections.abc import Collection, Iterator

from workflows.language.reading import Fault
from workflows.scheme import Definition


def crossings(read: Definition) -> Collection[Fault]:
    """Return the faults of a definition whose tables are sound by themselves."""
    lasting, passing = list(_lasting_tasks(read)), list(_passing_tasks(read))
    faults = [
        (path, f"tasks.{task} has no again: undone, it would be forgotten")
        for path, task in lasting
        if task in read.tasks and read.tasks[task].again is None
    ]
    used = lasting + passing
    faults += [(path, f"there is no [tasks.{task}]") for path, task in used if task not in read.tasks]
    opened = {task for _, task in used}
    faults += [(f"tasks.{kind}", "nothing opens this task") for kind in read.tasks if kind not in opened]
    faults += [
        ("requests", f"[requests.{kind}] is missing") for kind in ("stop", "release") if kind not in read.requests
    ]
    for kind in read.requests:
        if not any(kind in outcome.hold for outcome in read.outcomes.values()):
            faults.append((f"requests.{kind}", "no conclusive outcome answers it"))
    if "other" not in read.outcomes or read.outcomes["other"].conclusive:
        faults.append(("outcomes.other", "must exist and be pending: what nobody mapped is read by a person"))
    return faults


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
    for term in (read.stop_term, read.freeze_term):
        yield f"{term.box.rule}.lapse_task", term.lapse_task


def _passing_tasks(read: Definition) -> Iterator[Fault]:
    """Tasks beside a clock that goes on by itself."""
    yield from ((f"{rung.after.rule}.task", rung.task) for rung in read.rungs)
    yield "clocks.fallback.task", read.fallback_task
    yield from ((f"{term.box.rule}.warning_task", term.warning_task) for term in (read.stop_term, read.freeze_term))
