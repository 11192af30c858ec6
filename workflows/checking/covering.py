"""What no path reaches: states, kinds, outcomes, tasks and clocks that the file names and nothing ever uses."""

from collections.abc import Iterator

from workflows import effects as fx
from workflows import events as ev
from workflows.checking.exploring import Transition
from workflows.checking.faults import Fault
from workflows.scheme import HOLD_STATES, Definition

_COUNTED_OTHERWISE = frozenset({"clocks.reminder", "clocks.fallback", "clocks.ladder"})
_ALWAYS = ("clocks.", "conditions.")


class Covering:
    """Notes what was reached."""

    def __init__(self, definition: Definition) -> None:
        """Begin with nothing reached."""
        self.definition = definition
        self.states: set[str] = set()
        self.kinds: set[str] = set()
        self.outcomes: set[str] = set()
        self.tasks: set[str] = set()
        self.lanes: set[str | None] = set()
        self.rules: set[str] = set()

    def look(self, step: Transition) -> None:
        """Note what a transition reached."""
        if step.refusal is not None or step.crash is not None or step.state is step.before.state:
            return
        for hold in step.state.holds.values():
            self.states.add(hold.state)
            self.lanes.add(hold.lane)
        for effect in step.effects:
            match effect:
                case fx.OpenTask():
                    self.tasks.add(effect.task.kind)
                case fx.SendRequest():
                    self.kinds.add(step.state.requests[effect.request_id].kind)
                case fx.StartClock():
                    self.rules.add(effect.clock.derivation.rule)
                case fx.RecordFact():
                    self.rules.add(effect.rule.partition(":")[2])
                case _:
                    pass
        if isinstance(step.move.event, ev.AnswerReceived):
            event = step.move.event
            request = step.state.requests[event.request_id]
            outcome = self.definition.outcomes.get(event.outcome)
            if outcome is not None and (request.outcome == event.outcome or not outcome.conclusive):
                self.outcomes.add(event.outcome)

    def faults(self) -> Iterator[Fault]:
        """Yield one fault for each thing that was not reached."""
        definition = self.definition
        for state in sorted(self._named_states() - self.states):
            yield Fault("unreachable", f"no hold is ever {state}, though the file gives it to one")
        for kind in definition.requests:
            if kind not in self.kinds:
                yield Fault("unreachable", f"requests.{kind}: no path ever sends one")
        for code in definition.outcomes:
            if code not in self.outcomes:
                yield Fault("unreachable", f"outcomes.{code}: no answer can be this one")
        beyond_data = {definition.watch.get("calendar"), *definition.lent_tasks}
        for kind in definition.tasks:
            if kind not in self.tasks | beyond_data:
                yield Fault("unreachable", f"tasks.{kind}: no path ever opens it")
        for lane in definition.lanes:
            if lane not in self.lanes:
                yield Fault("unreachable", f"lanes.{lane}: no claim is ever taken in it")
        for path in self._clocks():
            if not any(rule == path or rule.startswith(f"{path}.") for rule in self.rules):
                yield Fault("unreachable", f"{path}: no path ever starts it")

    def _clocks(self) -> Iterator[str]:
        """Yield the path of each rule that starts a clock or counts a fact."""
        approves = any(rules.approval == "before" for rules in self.definition.requests.values())
        for provenance in self.definition.provenance:
            path = provenance.path
            if path.startswith(_ALWAYS) and path not in _COUNTED_OTHERWISE and (approves or path != "clocks.approval"):
                yield path

    def _named_states(self) -> set[str]:
        effects = {effect for outcome in self.definition.outcomes.values() for effect in outcome.hold.values()}
        return effects & HOLD_STATES
