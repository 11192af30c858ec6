"""Six banks with invented names, for drills and tests: a world of its own on the other side of the wire.

It knows the centre by its address and its public keys only, answers over real signed HTTP, keeps its own ledger of
what it did to which account, and forgets nothing when it is killed. No real institution, account or person is in it.
"""
