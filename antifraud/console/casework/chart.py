"""The money's way as it is drawn and as it is told in a table: places from the layout, words from the dossier."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from markupsafe import Markup

from antifraud.cases import flow
from antifraud.cases.dossier import AccountLabel, Dossier
from antifraud.cases.flow import Edge, Flow, Money, Node
from antifraud.cases.folding import folded
from antifraud.console.casework import layout, wording
from antifraud.console.frame import shown, words
from antifraud.console.frame.texts import gettext as _
from antifraud.console.frame.texts import ngettext

BAR: Final = 1000
_INNER: Final = 15.0
_TITLE_WIDTH: Final = layout.WIDTH - 2 * _INNER - 68
_RESULT_WIDTH: Final = layout.WIDTH - 34 - 8
_APART: Final = " · "


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One account in words; `look` is its silhouette, `href` what it opens."""

    node: Node
    bank: str
    number: str
    holder: str
    tier: str
    state: str
    look: str
    result: str
    moved: str
    href: str
    due_at: datetime | None

    @property
    def spoken(self) -> str:
        """Return the account as a reader hears it."""
        return " ".join(part for part in (self.tier, self.bank, self.number, self.result) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnBox:
    """An account in the picture, its words cut to their room."""

    box: layout.Box
    told: Told
    title: str
    moved: str
    result: str
    mark: Markup
    row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnLine:
    """A line in the picture, with the two lines of its label."""

    line: layout.Line
    amount: str
    time: str
    look: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One part of the bar of the money, in thousandths of it."""

    kind: str
    x: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Everything that the picture and its table show."""

    width: float
    height: float
    heads: tuple[tuple[float, str], ...]
    boxes: tuple[DrawnBox, ...]
    lines: tuple[DrawnLine, ...]
    rows: tuple[Told, ...]
    money: tuple[Money, ...]


def chart_of(dossier: Dossier) -> Chart:
    """Return the picture and the table of a case's money."""
    whole = flow.build(
        dossier.transfers,
        dossier.holds,
        dossier.requests,
        filing=dossier.filing,
        tolerance=dossier.clocks_differ,
    )
    small = folded(whole)
    picture = layout.picture_of(small)
    told = {node.key: _told(node, dossier) for column in (small.victims, *small.tiers) for node in column}
    rows_in: dict[int, int] = {}
    boxes = []
    for box in picture.boxes:
        rows_in[box.column] = rows_in.get(box.column, -1) + 1
        one = told[box.key]
        boxes.append(
            DrawnBox(
                box=box,
                told=one,
                title=layout.fitted(one.bank, _TITLE_WIDTH),
                moved=_moved_in(one),
                result=_fitting(one.result),
                mark=_mark(one.look),
                row=rows_in[box.column],
            )
        )
    return Chart(
        width=picture.width,
        height=picture.height,
        heads=_heads(small, picture),
        boxes=tuple(boxes),
        lines=tuple(_drawn(line, told[line.edge.target]) for line in picture.lines),
        rows=tuple(_told(node, dossier) for column in (whole.victims, *whole.tiers) for node in column),
        money=whole.money,
    )


def segments(money: Money) -> tuple[Segment, ...]:
    """Return the bar: what is unclear has its own part; where the parts are more than the loss they share the bar."""
    parts = [
        ("held", money.stopped),
        ("wait", money.pursuit),
        ("gone", money.gone),
        ("unclear", max(money.unclear, 0)),
    ]
    whole = max(sum(amount for _kind, amount in parts), 1)
    found, x = [], 0.0
    for kind, amount in parts:
        width = round(BAR * amount / whole, 2)
        if width:
            found.append(Segment(kind=kind, x=round(x, 2), width=width))
        x += width
    return tuple(found)


def share(money: Money) -> str:
    """Return how much of the loss is stopped, with one decimal."""
    return f"{100 * money.stopped / money.loss:.1f}%" if money.loss else shown.NOTHING


def offset(length: timedelta | None) -> str:
    """Return how long after the first transfer: +1:22."""
    if length is None:
        return ""
    seconds = abs(int(length.total_seconds()))
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    sign = "−" if length < timedelta() else "+"
    return f"{sign}{hours}:{minutes:02}:{left:02}" if hours else f"{sign}{minutes}:{left:02}"


def _moved_in(told: Told) -> str:
    holder = "" if told.holder == shown.NOTHING else f"{told.holder}　"
    return layout.fitted(holder + told.moved, layout.WIDTH - 2 * _INNER)


def _fitting(result: str) -> str:
    """Return what came of it, without its second half where that has no room; the list and the reader have it."""
    return (
        result
        if layout.fitted(result, _RESULT_WIDTH) == result
        else layout.fitted(result.partition(_APART)[0], _RESULT_WIDTH)
    )


def _mark(look: str) -> Markup:
    """Return a silhouette for the picture: inside of a drawing its size stands in it, not in the style sheet."""
    return Markup(str(shown.shape(look)).replace("<svg ", '<svg width="13" height="13" ', 1))  # noqa: S704 - our own drawing


def _heads(small: Flow, picture: layout.Picture) -> tuple[tuple[float, str], ...]:
    names = [_("Victim")]
    for tier in small.tiers:
        count = sum(node.members for node in tier)
        number = tier[0].tier if tier else 0
        accounts = ngettext("%(num)d account", "%(num)d accounts", count)
        names.append(_("%(tier)s · %(accounts)s", tier=wording.tier(number), accounts=accounts))
    return tuple(zip(picture.columns, names, strict=True))


def _told(node: Node, dossier: Dossier) -> Told:
    label = _label(node, dossier)
    asset = node.asset or "CNY"
    look, state = _state(node)
    first = node.holds[0] if node.holds else None
    return Told(
        node=node,
        bank=_bank(node, label),
        number=label.short if label else "",
        holder=label.holder if label else shown.NOTHING,
        tier=_("Victim") if node.tier == 0 else wording.tier(node.tier),
        state=state,
        look=look,
        result=_result(node, state, asset),
        moved=_moved(node, asset),
        href=f"#request-{node.request_id}" if node.request_id else f"#hold-{first}" if first else "#flow-table",
        due_at=node.due_at,
    )


def _label(node: Node, dossier: Dossier) -> AccountLabel | None:
    for hold_id in node.holds:
        label = dossier.label_of(dossier.holds[hold_id])
        if label is not None:
            return label
    return next((label for key, label in dossier.accounts.items() if str(key) == node.key), None)


def _bank(node: Node, label: AccountLabel | None) -> str:
    if node.state == "rest":
        return ngettext("%(num)d more account", "%(num)d more accounts", node.members)
    if label is None and node.tier == 0:
        return _("Paying account not named")
    return wording.institution(label)


def _state(node: Node) -> tuple[str, str]:
    match node.state:
        case "victim":
            return "idle", _("loss")
        case "moved":
            return words.look("outcome", "moved_on"), str(words.word("outcome", "moved_on"))
        case "unasked":
            return "idle", _("nobody was asked")
        case "rest":
            return "idle", _("see the list")
        case _ if node.is_late:
            return "late", _("overdue")
        case state:
            return words.look("hold", state), str(words.word("hold", state))


def _result(node: Node, state: str, asset: str) -> str:
    """Return what became of the money here, in a few words."""
    if node.state == "victim":
        return f"{state} {shown.money(node.out_minor, asset)}"
    parts = [state]
    if node.held_minor:
        parts[0] = f"{state} {_bare(node.held_minor, asset)}"
    elif node.state in flow.PENDING and node.left_minor:
        parts[0] = _("sought %(amount)s", amount=_bare(node.left_minor, asset))
    if node.state in flow.PENDING and node.due_at is not None:
        parts.append(_("until %(at)s", at=shown.clock_time(node.due_at)))
    elif node.took is not None:
        parts.append(shown.duration(node.took))
    return _APART.join(parts)


def _moved(node: Node, asset: str) -> str:
    """Return what came in and went out."""
    if node.tier == 0:
        return _("paid %(amount)s", amount=_bare(node.out_minor, asset))
    parts = [_("in %(amount)s", amount=_bare(node.in_minor, asset))]
    if node.out_minor:
        parts.append(_("out %(amount)s", amount=_bare(node.out_minor, asset)))
    return " ".join(parts)


def _bare(amount: int | None, asset: str) -> str:
    """Return an amount as the picture has room for it: without its sign, and without decimals that are none."""
    bare = shown.NOTHING if amount is None else shown.money(amount, asset).removeprefix("¥").removeprefix(f"{asset} ")
    return bare.removesuffix(".00")


def _drawn(line: layout.Line, target: Told) -> DrawnLine:
    edge: Edge = line.edge
    amount = _bare(edge.amount_minor, edge.asset or "CNY")
    time = offset(edge.since_first) if target.node.tier > 1 else shown.clock_time(edge.at) if edge.at else ""
    if edge.count > 1:
        amount = _("%(amount)s in %(count)s", amount=amount, count=edge.count)
    return DrawnLine(line=line, amount=amount, time=time, look=target.look if target.look in {"held", "wait"} else "")
