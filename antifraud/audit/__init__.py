"""The one log: every change of a case and of the installation, append-only, chained and Merkle-sealed.

Promises: an entry is never changed; a cut tail is seen, because the case row
knows its last entry; nothing in it is personal data, so that forgetting a
person never breaks a proof.
"""
