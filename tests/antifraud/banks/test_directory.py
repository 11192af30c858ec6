"""The directory as a person uses it: by card, by name, by initials."""

from antifraud.auth.service import Centre
from antifraud.banks.directory import BankChoice, choices, of_card, search
from antifraud.installation import Installation


def bank(code: str, name: str, *bins: str, english: str = "") -> BankChoice:
    return BankChoice(code, name, english or code, "bank", "push", tuple(bins), is_simulated=False)


KNOWN = [
    bank("ICBC", "中国工商银行", "622202", english="Industrial and Commercial Bank of China"),
    bank("CCB", "中国建设银行", "621700", english="China Construction Bank"),
    bank("DL", "东岚银行", "6217", english="East Mist Bank"),
    bank("DLN", "大连农商银行", english="Dalian Rural Bank"),
    bank("NONE", "", english="Nameless"),
]


def test_a_card_names_its_institution_by_the_longest_prefix() -> None:
    found = of_card("6217003821414471", KNOWN)
    assert found is not None
    assert found.code == "CCB"
    other = of_card("6217993821414471", KNOWN)
    assert other is not None
    assert other.code == "DL"
    assert of_card("4000003821414471", KNOWN) is None


def test_a_bank_is_found_by_code_name_short_name_branch_and_initials() -> None:
    for text, code in (
        ("icbc", "ICBC"),
        ("工商银行", "ICBC"),
        ("中国建设银行股份有限公司某市支行", "CCB"),
        ("East Mist Bank", "DL"),
        ("dlyh", "DL"),
        ("ＤＬＹＨ", "DL"),
    ):
        assert [one.code for one in search(text, KNOWN)] == [code], text


def test_what_may_mean_several_banks_gives_several_and_what_means_none_gives_none() -> None:
    assert {one.code for one in search("china", KNOWN)} == {"ICBC", "CCB"}
    assert [one.code for one in search("dln", KNOWN)] == ["DLN"]
    assert search("中国", KNOWN) == []
    assert search("银行", KNOWN) == []
    assert search("北京动物园", KNOWN) == []


def test_the_directory_of_a_drill_has_the_simulated_institutions_first(
    installation: Installation, drill: Centre
) -> None:
    with installation.database.begin(drill.id) as connection:
        known = choices(connection)
    assert known[0].is_simulated
    assert {one.channel for one in known if one.is_simulated} == {"push"}
    assert [one.name_zh for one in search("ysyh", known)] == ["云杉银行"]
