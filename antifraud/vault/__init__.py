"""Personal data at rest: born encrypted, found by keyed hashes, forgotten by destroying a key.

Promises: a ciphertext opens only in the row and column that it was sealed for;
destroying a data key makes everything under it unreadable at once and for
good, and leaves every proof over the record intact.
"""
