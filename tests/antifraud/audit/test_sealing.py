"""The sealer gives each settled entry one leaf for good, whoever else is writing."""

from sqlalchemy import select, text

from antifraud.audit.models import tree_heads
from antifraud.audit.rules import Tree, checkpoint, origin_of
from antifraud.audit.service import Happening, append_to_area, seal
from antifraud.auth.service import Centre
from antifraud.installation import Installation
from antifraud.work import Work
from tests.factories.cases import seal_all, sealed
from tests.factories.wire import wait_until


def happening(work: Work) -> Happening:
    return Happening(id=work.new_id(), at=work.now(), kind="Tested", payload={})


def write(installation: Installation, centre: Centre, area: str) -> None:
    with installation.database.begin(centre.id) as connection:
        work = installation.work(connection, centre.id, "test")
        append_to_area(work, area, [happening(work)])


def test_sealing_twice_adds_nothing_and_what_comes_later_is_added_behind(
    installation: Installation, drill: Centre
) -> None:
    seal_all(installation, drill)
    assert sealed(installation, drill) == 0
    write(installation, drill, "auth")
    assert seal_all(installation, drill) == 1
    with installation.database.begin(drill.id) as connection:
        leaves = connection.execute(text("SELECT leaf_index, leaf_hash FROM leaves ORDER BY leaf_index")).all()
        heads = connection.execute(select(tree_heads).order_by(tree_heads.c.size)).all()
    assert [row.leaf_index for row in leaves] == list(range(len(leaves)))
    for head in heads:
        assert Tree().grown(bytes(row.leaf_hash) for row in leaves[: head.size]).root == bytes(head.root)
        signed = checkpoint(origin_of(drill.id), head.size, bytes(head.root), head.at)
        installation.vault.keys.seal.public_key().verify(bytes(head.signature), signed)


def test_an_entry_whose_transaction_is_open_is_sealed_after_it_and_none_is_passed_over(
    installation: Installation, drill: Centre
) -> None:
    seal_all(installation, drill)
    with installation.database.begin(drill.id) as slow:
        work = installation.work(slow, drill.id, "test")
        append_to_area(work, "auth", [happening(work)])
        write(installation, drill, "reads")
        assert sealed(installation, drill) == 0, "the younger one waits for the older transaction"
    assert seal_all(installation, drill) == 2
    with installation.database.begin(drill.id) as connection:
        missing = text(
            "SELECT count(*) FROM entries e WHERE NOT EXISTS"
            " (SELECT 1 FROM leaves l WHERE l.stream = e.stream AND l.seq = e.seq)"
        )
        assert connection.scalar(missing) == 0


def test_two_sealers_do_not_meet(installation: Installation, drill: Centre) -> None:
    seal_all(installation, drill)
    write(installation, drill, "auth")
    with installation.database.begin(drill.id) as first, installation.database.begin(drill.id) as second:
        origin = origin_of(drill.id)
        # Other tests' transactions may still be older than ours.
        wait_until(lambda: seal(installation.work(first, drill.id, "loop:runs"), origin) > 0)
        assert seal(installation.work(second, drill.id, "loop:runs"), origin) == 0


def test_the_tail_of_an_area_is_known_to_its_head(installation: Installation, drill: Centre) -> None:
    for _ in range(3):
        write(installation, drill, "reads")
    with installation.database.begin(drill.id) as connection:
        row = connection.execute(text("SELECT last_seq, last_hash FROM area_heads WHERE stream LIKE 'reads:%'")).one()
        last = connection.execute(
            text("SELECT seq, hash FROM entries WHERE stream LIKE 'reads:%' ORDER BY seq DESC LIMIT 1")
        ).one()
    assert (row.last_seq, bytes(row.last_hash)) == (last.seq, bytes(last.hash)) == (3, bytes(last.hash))
