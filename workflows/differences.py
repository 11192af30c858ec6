"""What one definition says otherwise than another, rule by rule, in words."""

from collections.abc import Iterator

from workflows.describing import Rule, rules_of


def differences(before: str, after: str, lang: str = "en") -> tuple[str, ...]:
    """Return a line for each rule that is new, gone or changed, key by key; nothing where both say the same.

    Args:
        before: The TOML of the one definition, which parses.
        after: That of the other.
        lang: `en` or `zh`: the language of the durations.
    """
    old = {rule.path: rule for rule in rules_of(before, lang)}
    new = {rule.path: rule for rule in rules_of(after, lang)}
    return tuple(_lines(old, new))


def _lines(old: dict[str, Rule], new: dict[str, Rule]) -> Iterator[str]:
    for path in [*old, *(path for path in new if path not in old)]:
        was, now = old.get(path), new.get(path)
        if now is None:
            yield f"{path} is gone"
        elif was is None:
            yield f"{path} is new: {now.line}"
        else:
            yield from _changes(was, now)


def _changes(was: Rule, now: Rule) -> Iterator[str]:
    for key in [*was.says, *(key for key in now.says if key not in was.says)]:
        old, new = was.says.get(key), now.says.get(key)
        if old != new:
            yield f"{was.path}.{key}: {'not said' if old is None else old} -> {'not said' if new is None else new}"
    for name in ("source", "confidence", "checked_on"):
        old_value, new_value = getattr(was, name), getattr(now, name)
        if old_value != new_value:
            yield f"{was.path} {name}: {old_value} -> {new_value}"
