"""The picture of the money: nothing lies on anything else, and a wider line is more money."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from antifraud.cases.flow import Edge, Flow, Node
from antifraud.console.casework import layout


def node(key: str, tier: int) -> Node:
    return Node(
        key=key,
        tier=tier,
        state="asked",
        in_minor=100,
        out_minor=0,
        held_minor=0,
        left_minor=100,
        asset="CNY",
    )


@st.composite
def flows(draw: st.DrawFn) -> Flow:
    sizes = draw(st.lists(st.integers(1, 12), min_size=1, max_size=6))
    columns = [[f"{tier}-{at}" for at in range(size)] for tier, size in enumerate(sizes)]
    pairs: set[tuple[str, str]] = set()
    for before, column in pairwise(columns):
        for key in column:
            pairs |= {(source, key) for source in draw(st.lists(st.sampled_from(before), min_size=1, max_size=4))}
    every = [key for column in columns for key in column]
    pairs |= set(draw(st.lists(st.tuples(st.sampled_from(every), st.sampled_from(every)), max_size=3)))
    edges = tuple(
        Edge(source=a, target=b, amount_minor=draw(st.integers(0, 10**12)), asset="CNY", at=None, since_first=None)
        for a, b in sorted(pairs)
    )
    tiers = tuple(tuple(node(key, tier) for key in column) for tier, column in enumerate(columns))
    return Flow(victims=tiers[0], tiers=tiers[1:], edges=edges, money=(), first_at=None)


def apart(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


@settings(deadline=None, max_examples=150)
@given(flows())
def test_no_box_and_no_label_lies_on_another(flow: Flow) -> None:
    picture = layout.picture_of(flow)
    boxes = [(box.x, box.y, box.x + box.width, box.y + box.height) for box in picture.boxes]
    labels = [line.label_box for line in picture.lines if line.edge.target not in {n.key for n in flow.victims}]
    every = boxes + labels
    for at, first in enumerate(every):
        for second in every[at + 1 :]:
            assert apart(first, second), (first, second)
    for left, top, right, bottom in boxes:
        assert left >= 0
        assert top >= layout.TOP
        assert right <= picture.width
        assert bottom <= picture.height


@settings(deadline=None, max_examples=60)
@given(flows())
def test_more_money_is_a_wider_line(flow: Flow) -> None:
    lines = sorted(layout.picture_of(flow).lines, key=lambda line: line.edge.amount_minor or 0)
    widths = [line.width for line in lines]
    assert widths == sorted(widths)


def test_the_same_flow_is_drawn_the_same() -> None:
    flow = Flow(
        victims=(node("v", 0),),
        tiers=((node("a", 1),),),
        edges=(Edge(source="v", target="a", amount_minor=5, asset="CNY", at=None, since_first=None),),
        money=(),
        first_at=None,
    )
    assert layout.picture_of(flow) == layout.picture_of(flow)
    assert layout.picture_of(flow).lines[0].width == layout.THICKEST


def test_a_text_that_is_too_long_is_cut_and_says_so() -> None:
    assert layout.fitted("东岚银行", 95) == "东岚银行"
    assert layout.fitted("云川市农村商业银行股份有限公司", 95) == "云川市农村商…"
    assert layout.fitted("", 95) == ""
