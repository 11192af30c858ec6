"""The worklist: what needs somebody now, how long there is, and whose it is. Room `/`.

Promises: rows come in one order (due instant, then amount); nothing of a
person or an account is in the page but its mask; forty open tabs cost a few
readings a second, not forty.
"""
