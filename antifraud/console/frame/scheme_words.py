"""Words of the codes that the shipped schemes and the house rules bring beside those of the first scheme."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from antifraud.console.frame.texts import LazyString
from antifraud.console.frame.texts import lazy_gettext as _

WORDS: Final[Mapping[str, Mapping[str, LazyString]]] = MappingProxyType(
    {
        "task": {
            # house rules
            "read_calendar": _("Count the day by hand: no calendar for it"),
            "check_balance": _("Ask the bank about the balance"),
            "add_up_answer": _("Ask the bank: the parts do not add up"),
            "verify_withdrawal": _("Call back: is the report really withdrawn?"),
            "decide_withdrawal": _("Decide the withdrawal"),
            "forward_withdrawal": _("Forward the withdrawal to the authority that froze"),
            "decide_release": _("Decide the release"),
            "terms_used": _("Freeze, or let it go: no stop is left"),
            # the schemes' own
            "ask_refund": _("Ask for the refund"),
            "choose_other_way": _("Choose another way: the scheme does not take it"),
            "tell_sending_bank": _("Tell the sending bank"),
            "compare_return": _("Compare the return with what was asked"),
            "ask_interpol": _("Ask for an international stop"),
            "obtain_order": _("Obtain the order"),
            "review_order": _("Look whether the order still stands"),
            "complaint_missing": _("Get the formal complaint"),
            "ask_merchant": _("Ask the merchant’s bank"),
            "decide_suspension": _("Decide what follows the suspension"),
            "papers_missing": _("Get the papers of the application"),
            "decide_objection": _("Decide on the objection"),
            "renew_or_end": _("Renew the order, or end it"),
            "obtain_complaint": _("Get the complaint to the police"),
            "watch_list": _("Put the account on the watch list"),
            "review_listing": _("Look whether the listing still stands"),
            "paper_missing": _("Get the official paper"),
            "get_information": _("Get the information that is wanted"),
            "tell_the_victim": _("Tell the victim the outcome"),
            "tell_receiving": _("Tell the receiving side"),
        },
        "request_kind": {"migrate": _("move to another version"), "extend_chase": _("follow deeper")},
        "outcome": {
            "agreed": _("agreed"),
            "deemed_agreed": _("taken as agreed: no answer in time"),
            "disagreed": _("disagreed"),
            "moved": _("money moved on"),
            "no_balance": _("no balance"),
            "refunded": _("refunded"),
            "cancelled": _("cancelled"),
            "negative": _("refused by the bank or its customer"),
            "no_payment": _("no such payment"),
            "pending": _("being looked into"),
            "intercepted": _("intercepted"),
            "none_left": _("nothing left"),
            "held": _("held"),
            "withdrawn": _("drawn in cash"),
            "spent": _("spent"),
            "restored": _("restored to the victim"),
            "suspended": _("suspended"),
            "litigated": _("before a court"),
            "eased": _("eased in part"),
            "done": _("carried out"),
            "restricted": _("restricted"),
            "lifted": _("lifted"),
            "earmarked": _("earmarked"),
            "listed": _("on the watch list"),
            "reimbursed": _("reimbursed"),
            "rejected": _("claim rejected"),
            "information_wanted": _("information wanted"),
            "information_had": _("information received"),
            "nothing_left": _("money gone"),
        },
        "clock": {
            "stop_review": _("review of the stop"),
            "freeze_review": _("review of the freeze"),
            "condition": _("must be there by"),
            "condition_warning": _("warning before it must be there"),
            "answer_limit": _("last limit of the answer"),
            "queue_end": _("end of the hold before ours"),
        },
        "urgency": {"standard": _("standard"), "fresh": _("fresh"), "golden": _("golden hour")},
        "subject": {"withdrawal": _("withdrawal")},
        "condition": {
            "formal_complaint": _("formal complaint"),
            "complaint": _("complaint to the police"),
            "relief_papers": _("papers of the application"),
            "official_paper": _("official paper"),
        },
        "paper": {
            "complaint": _("complaint"),
            "court_order": _("order of a court"),
            "order": _("order of the authority"),
            "papers": _("papers"),
        },
        "side": {
            "victim": _("the victim"),
            "agent": _("who acts for the victim"),
            "source": _("the source that sent the report"),
            "holder": _("the holder"),
            "authority": _("an authority"),
        },
        "void": {"corrected": _("wrong account, corrected"), "withdrawn": _("report withdrawn")},
        "withdrawal": {
            "asked": _("to be verified"),
            "verified": _("verified, to be decided"),
            "approved": _("withdrawn"),
            "refused": _("not withdrawn"),
        },
    }
)
"""Kinds of codes as in `words`; those of `condition`, `paper` and `side` are codes of definitions as well."""
