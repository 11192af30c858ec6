"""The table act x role, names of logins, and passwords: from values alone."""

import pytest

from antifraud.auth.rules import (
    PERMISSIONS,
    ROLES,
    login_name,
    may,
    password_fault,
    read_permissions,
)

# Said once more, by hand: a slip in the data must not be its own proof.
EXPECTED = {
    "worklist.see": "OS",
    "task.claim": "OS",
    "task.assign": "S",
    "report.take": "OS",
    "case.see": "OSA",
    "case.act": "OS",
    "measure.ask": "OS",
    "measure.approve": "S",
    "scheme.move": "S",
    "scheme.compare": "SA",
    "scheme.see": "SAM",
    "data.reveal": "OSA",
    "week.see": "OSA",
    "week.items": "SA",
    "machine.see": "OSAM",
    "record.verify": "A",
    "people.manage": "M",
    "me.settings": "OSAM",
}
LETTERS = {"operator": "O", "supervisor": "S", "auditor": "A", "administrator": "M"}


def test_the_table_has_these_acts_and_no_other() -> None:
    assert set(PERMISSIONS) == set(EXPECTED)
    assert set(LETTERS) == set(ROLES)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("act", sorted(EXPECTED))
def test_each_cell_of_the_table_is_as_it_was_decided(act: str, role: str) -> None:
    assert may([role], act) is (LETTERS[role] in EXPECTED[act])


def test_an_administrator_sees_no_case_and_an_auditor_changes_nothing() -> None:
    about_cases = [act for act in PERMISSIONS if act.split(".")[0] in {"worklist", "task", "report", "case", "measure"}]
    assert len(about_cases) >= 8
    assert not any(may(["administrator"], act) for act in [*about_cases, "data.reveal"])
    assert {act for act in about_cases if may(["auditor"], act)} == {"case.see"}


def test_several_roles_may_what_any_of_them_may_and_none_may_nothing() -> None:
    assert may(["administrator", "auditor"], "record.verify")
    assert not any(may([], act) for act in PERMISSIONS)


def test_a_role_that_there_is_not_opens_nothing() -> None:
    assert not any(may(["root"], act) for act in PERMISSIONS)


def test_an_act_that_there_is_not_is_a_fault_of_the_program_and_no_refusal() -> None:
    with pytest.raises(KeyError):
        may(["supervisor"], "case.sea")


@pytest.mark.parametrize("line", ['"a.b" = ["boss"]', '"a.b" = []'])
def test_a_table_with_an_unknown_role_or_with_none_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"a\.b"):
        read_permissions(f"[acts]\n{line}\n")


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("admin", "admin"),
        (" Admin ", "admin"),
        ("ＡＤＭＩＮ", "admin"),
        ("刘洋", "刘洋"),
        ("li.yang-2", "li.yang-2"),
        ("x", "x"),
        ("a" * 40, "a" * 40),
        ("a" * 41, None),
        ("", None),
        ("-a", None),
        ("a.", None),
        ("a b", None),
        ("a\x00b", None),
        ("a:b", None),
        ("a/b", None),
        ("<b>", None),
    ],
)
def test_a_name_has_one_spelling_or_is_none(typed: str, name: str | None) -> None:
    assert login_name(typed) == name


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("elevenchars", "short"),
        ("twelve chars", None),
        ("aaaaaaaaaaaa", None),  # no rule on what it is made of
        ("铁马冰河入梦来铁马冰河", "short"),
        ("铁马冰河入梦来铁马冰河入", None),
        ("operatoroperator", "name"),
        ("Operator12345", "name"),
        ("operator-and-more", None),
        ("x" * 256, None),
        ("x" * 257, "long"),
    ],
)
def test_length_counts_and_the_own_name_is_no_password(password: str, fault: str | None) -> None:
    assert password_fault(password, "operator") == fault
