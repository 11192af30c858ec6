"""The waits: every due instant is a row, written once with its derivation, fired once by any number of workers."""
