"""The language as a JSON Schema (draft 2020-12), for editors and for whoever writes a definition elsewhere.

It sees the form of each table: keys, kinds of value, closed lists. What needs
two tables at once (a name that leads nowhere, a gate that can never hold) only
`parse` sees. A definition with house rules may leave most tables out, so no
table is demanded but `[definition]`.
"""

from collections.abc import Collection
from typing import Any

from workflows.clocks import CALENDARS
from workflows.language.heading import WATCH
from workflows.scheme import AMOUNTS, APPROVALS, CONFIDENCES, EFFECTS, HOLD_STATES, STATUSES
from workflows.scheme_clocks import CONDITION_STARTS, ENDS, QUEUE_ENDS, TERM_LAPSES, TERM_STARTS
from workflows.scheme_rules import (
    ACCOUNT_KINDS,
    ACCOUNTS,
    ASKERS,
    CHAINS,
    FACTS,
    FOLLOWING,
    FORCES,
    LANE_MODES,
    MARKS,
    OBJECTION_EFFECTS,
    OBJECTORS,
    OBLIGED,
    OCCASIONS,
    ROLES,
    SCOPES,
    SPLITS,
    TOLD,
)

Schema = dict[str, Any]

_CODE = r"^[a-z][a-z0-9_]{0,63}$"
_TEXT: Schema = {"type": "string", "minLength": 1}
_NAME: Schema = {"type": "string", "pattern": _CODE}
_YES: Schema = {"type": "boolean"}
_LENGTH: Schema = {"type": "string", "pattern": r"^P[0-9YMWDTHS]+$"}
_TITLES: dict[str, Schema] = {"title_zh": _TEXT, "title_en": _TEXT}
_SOURCED: dict[str, Schema] = {
    "source": _TEXT,
    "confidence": {"enum": sorted(CONFIDENCES)},
    "checked_on": {"type": "string", "format": "date"},
}
_TIMING: dict[str, Schema] = {
    "calendar": {"enum": sorted(CALENDARS)},
    "days": _TEXT,
    "zone": _TEXT,
    "cutoff": {"type": "string", "pattern": r"^[0-9]{2}:[0-9]{2}$"},
    "counts_start_day": _YES,
    "ends": _TEXT,
    "hard_end": _LENGTH,
}
_BOX: dict[str, Schema] = {"length": _LENGTH, **_TIMING}


def _one_of(choices: Collection[str]) -> Schema:
    return {"enum": sorted(choices)}


def _list(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def _whole(low: int, high: int) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high}


def _table(keys: dict[str, Schema], *required: str) -> Schema:
    return {"type": "object", "properties": keys, "required": list(required), "additionalProperties": False}


def _rule(keys: dict[str, Schema], *required: str) -> Schema:
    return _table({**keys, **_SOURCED}, *required, "source", "confidence")


def _by_code(table: Schema) -> Schema:
    return {"type": "object", "patternProperties": {_CODE: table}, "additionalProperties": False}


def _inner(**more: Schema) -> Schema:
    """A box inside a rule: its source is that of the rule, unless it names one."""
    return _table({**_BOX, **more, **_SOURCED}, "length")


_WARNED: dict[str, Schema] = {"warnings": _list(_LENGTH), "warning_task": _NAME}
_ANSWER: dict[str, Schema] = {
    **_BOX,
    "fallback": _inner(),
    "on_lapse": {"type": "string", "pattern": r"^(ladder|query|deemed:[a-z][a-z0-9_]*)$"},
    "pause_on": _list(_NAME),
    "resume_on": _list(_NAME),
}
_TERM: Schema = _rule(
    {
        **_BOX,
        **_WARNED,
        "until": _one_of(ENDS),
        "starts": _one_of(TERM_STARTS),
        "review": _inner(task=_NAME),
        "renewal": _inner(limit=_whole(0, 99)),
        "on_lapse": _one_of(TERM_LAPSES),
        "lapse_task": _NAME,
        "terms": _whole(1, 99),
    }
)


def _clocks() -> Schema:
    by_urgency = _by_code(_rule(_BOX, "length", "calendar"))
    rung = _table({"after": _LENGTH, "task": _NAME, "people": _NAME}, "after", "task")
    return _table(
        {
            "dispatch": by_urgency,
            "receipt": by_urgency,
            "answer": _by_code(_rule(_ANSWER, "length", "calendar")),
            "reminder": _rule({"at_percent": _list(_whole(1, 99)), "asked_apart": _LENGTH}, "at_percent"),
            "fallback": _rule({"task": _NAME}, "task"),
            "ladder": _rule({"again": _LENGTH, "rungs": _list(rung)}, "again", "rungs"),
            "stop_term": _TERM,
            "freeze_term": _TERM,
            "approval": _rule({**_BOX, "task": _NAME}, "length", "task"),
        }
    )


def _lanes() -> Schema:
    amounts: Schema = {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}}
    return _by_code(
        _rule(
            {
                **_TITLES,
                "amount_from": amounts,
                "amount_to": amounts,
                "paid_within": _LENGTH,
                "cross_border": _YES,
                "reasons": {**_list(_NAME), "minItems": 1, "uniqueItems": True},
                "references": {**_list(_NAME), "minItems": 1, "uniqueItems": True},
                "account_kinds": _list(_one_of(ACCOUNT_KINDS)),
                "mode": _one_of(LANE_MODES),
                "first": _NAME,
                "scope": _one_of(SCOPES),
                "money_in": _YES,
                "approval": _one_of(APPROVALS),
                "task": _NAME,
            }
        )
    )


def _follow() -> Schema:
    extension = _table(
        {"by": _whole(1, 100), "limit": _whole(1, 100), "approval": _one_of({"before", "none"}), "task": _NAME},
        "by",
        "limit",
    )
    return _rule(
        {
            "mode": _one_of(FOLLOWING),
            "depth": _whole(0, 100),
            "task": _NAME,
            "chain": _one_of(CHAINS),
            "told": _inner(),
            "extension": extension,
        },
        "mode",
        "depth",
        "task",
    )


def _requests() -> Schema:
    return _by_code(
        _rule(
            {
                **_TITLES,
                "role": _one_of(ROLES),
                "approval": _one_of(APPROVALS),
                "filing": _YES,
                "from": _list(_one_of(HOLD_STATES)),
                "counts_term": _YES,
                "needs_amount": _YES,
                "scope": _one_of(SCOPES),
                "rank": _whole(0, 1000),
                "tells": _list(_one_of(TOLD)),
                "documents": _list(_NAME),
                "own_clock": _rule(_ANSWER, "length", "calendar"),
            },
            *("approval", "filing", "from", "counts_term", "needs_amount", "scope", "rank"),
        )
    )


def _outcomes() -> Schema:
    return _by_code(
        _rule(
            {
                **_TITLES,
                "conclusive": _YES,
                "amount": _one_of(AMOUNTS),
                "own_fault": _YES,
                "restarts": _YES,
                "marks": _list(_one_of(MARKS)),
                "hold": {"type": "object", "additionalProperties": _one_of(EFFECTS)},
                "tasks": _list(_NAME),
                "tasks_if_short": _list(_NAME),
                "tasks_if_no_hop": _list(_NAME),
            },
            *("conclusive", "tasks"),
        )
    )


def _conditions() -> Schema:
    return _by_code(
        _rule(
            {
                **_BOX,
                **_WARNED,
                "needs": _NAME,
                "starts": _one_of(CONDITION_STARTS),
                "applies_to": _one_of({"stopped", "frozen"}),
                "on_lapse": _one_of(TERM_LAPSES),
                "task": _NAME,
                "extends_to": _inner(),
            },
            *("length", "needs", "starts", "applies_to", "on_lapse", "task"),
        )
    )


def _definition() -> Schema:
    return _table(
        {
            **_TITLES,
            "id": {"type": "string", "pattern": r"^[a-z0-9][a-z0-9_-]{0,63}$"},
            "version": _whole(1, 9999),
            "summary_zh": _TEXT,
            "summary_en": _TEXT,
            "status": _one_of(STATUSES),
            "jurisdiction": _TEXT,
            "zone": _TEXT,
            "house": _TEXT,
            "assets": _list(_TEXT),
            "checked_on": _SOURCED["checked_on"],
        },
        *("id", "version", "title_zh", "title_en", "status", "jurisdiction", "zone", "checked_on"),
    )


def schema() -> Schema:
    """Return the schema of a definition; a TOML date reads as a string of its ISO form."""
    duty = {"to": _one_of(OBLIGED), "when": _one_of(OCCASIONS), "task": _NAME}
    objection = {
        "who": {**_list(_one_of(OBJECTORS)), "minItems": 1},
        "task": _NAME,
        "effect": _one_of(OBJECTION_EFFECTS),
    }
    task = {
        **_TITLES,
        **_TIMING,
        "due": _LENGTH,
        "again": _LENGTH,
        "decided": _YES,
        "done": _one_of({"lapse_confirmed"}),
    }
    tables = {
        "definition": _definition(),
        "missing": {"type": "object", "additionalProperties": _TEXT},
        "asking": _rule({"who": {**_list(_one_of(ASKERS)), "minItems": 1}, "force": _one_of(FORCES)}, "who"),
        "measure": _rule(
            {"scope": _one_of(SCOPES), "money_in": _YES, "account": _one_of(ACCOUNTS)}, "scope", "money_in"
        ),
        "accounts": _rule({"refuse_whole": _list(_one_of(ACCOUNT_KINDS))}, "refuse_whole"),
        "skew": _rule({"ahead": _LENGTH, "between": _LENGTH}, "ahead"),
        "follow": _follow(),
        "watch": _rule(dict.fromkeys(WATCH, _NAME)),
        "lanes": _lanes(),
        "urgency": _by_code(_rule({"younger_than": _LENGTH})),
        "clocks": _clocks(),
        "conditions": _conditions(),
        "queue": _rule({"on_end": _one_of(QUEUE_ENDS), "task": _NAME, "review": _inner()}, "on_end", "task"),
        "requests": _requests(),
        "outcomes": _outcomes(),
        "obligations": _by_code(_rule(duty, *duty)),
        "objection": _rule(objection, "who", "task"),
        "correction": _rule({"grace": _LENGTH}, "grace"),
        "withdrawal": _rule({"sides": {**_list(_NAME), "minItems": 1}}, "sides"),
        "split": _rule({"method": _one_of(SPLITS), "notice": _inner()}, "method"),
        "marks": _rule({"counts": _list(_one_of(FACTS))}, "counts"),
        "tasks": _by_code(_rule(task, "due")),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A stop-payment scheme",
        **_table(tables, "definition"),
    }
