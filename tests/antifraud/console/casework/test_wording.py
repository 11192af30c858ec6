"""Every event of the workflow, and every reason that can be chosen, has words in both languages."""

from typing import get_args

from flask import Flask
from flask_babel import force_locale

from antifraud.console.casework import telling, wording
from antifraud.console.casework.doing import VERBS
from antifraud.console.frame import words
from workflows import AnyEvent

ENDED_WAITS = ("receipt", "answer", "reminder", "ladder", "task", "approval")
TERMS = ("stop_end", "stop_warning", "freeze_end", "freeze_warning")


def test_every_event_has_words() -> None:
    events = {kind.__name__ for kind in get_args(AnyEvent)} - {"ClockReached"}
    waits = {f"ClockReached.{kind}" for kind in (*ENDED_WAITS, *TERMS)}
    assert events | waits <= telling.tellers()
    assert {f"ClockReached.{kind}" for kind in words.codes("clock") - {"dispatch"}} <= telling.tellers()


def test_every_note_of_the_worklist_has_words() -> None:
    assert {"TaskClaimed", "TaskGivenBack", "TaskAssigned", "TaskSnoozed", "TaskWoken"} <= telling.tellers()


def test_reasons_are_words_in_both_languages(app: Flask) -> None:
    every = {
        *wording.DROP_REASONS,
        *wording.ASK_REASONS,
        *wording.REFUSE_REASONS,
        *wording.REVEAL_REASONS,
    }
    for locale in ("zh_Hans_CN", "en"):
        with app.test_request_context("/"), force_locale(locale):
            told = {code: wording.reason(code) for code in every}
            assert all(text and text != code for code, text in told.items()), told
            assert wording.reason("something_new") == "something_new", "what has no words is not hidden"
    with app.test_request_context("/"), force_locale("zh_Hans_CN"):
        assert wording.reason("checksum,not_filed") == "账号校验位不符、不予立案"
        assert wording.tier(3) == "三级"


def test_the_verbs_are_those_of_the_command_line() -> None:
    assert {
        *("confirm", "extend", "drop", "resolve", "complete", "remind", "hand_over"),
        *("measure", "settle", "file", "decline", "papers", "appeal", "decide"),
        *("correct", "decide_release", "withdraw", "verify", "decide_withdrawal", "condition", "pause", "resume"),
    } == VERBS
