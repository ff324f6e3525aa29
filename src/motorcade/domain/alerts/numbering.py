"""Versions of single rules: a rule that says something else is another one to the fold."""

from collections.abc import Iterable
from dataclasses import replace

from motorcade.domain.alerts.rule import AlertRule


def numbered(rules: Iterable[AlertRule], history: Iterable[Iterable[AlertRule]]) -> tuple[AlertRule, ...]:
    """The rules with the versions that they must have.

    A rule that says what its newest version says keeps that version; any other gets one higher than its id ever had,
    also when it was removed in between. So a rule and a version name one content for ever.

    Args:
        rules: as they shall be; their versions do not matter.
        history: all rules of each earlier version of the organisation's, the oldest first.
    """
    newest: dict[str, AlertRule] = {}
    highest: dict[str, int] = {}
    for version in history:
        newest = {rule.id: rule for rule in version}
        for rule in newest.values():
            highest[rule.id] = max(highest.get(rule.id, 0), rule.version)
    found = []
    for rule in rules:
        known = newest.get(rule.id)
        if known is not None and replace(rule, version=known.version) == known:
            found.append(known)
        else:
            found.append(replace(rule, version=highest.get(rule.id, 0) + 1))
    return tuple(found)
