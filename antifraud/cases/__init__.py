"""Cases: reports joined, accounts, receipts, holds, requests, tasks. `service.apply` is the one writer of their state.

Promises: a change of state, its messages, its deadlines, its timeliness facts
and its log entries commit in one transaction or not at all; what is stored is
what `workflows.advance` returned.
"""
