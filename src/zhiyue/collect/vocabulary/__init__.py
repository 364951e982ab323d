"""The table of events: every behaviour the academy may record, with its meaning, origins and bounds.

An analyst may add a line to the file of its family. What each event is worth is not kept here but in
`analyse.weights`.
"""

from zhiyue.collect.vocabulary import account, browse, buy, interact, learn, message, support
from zhiyue.collect.vocabulary.kinds import BROWSER, SERVER, EventKind, Family, Origin, Property

__all__ = ["BROWSER", "KINDS", "SERVER", "EventKind", "Family", "Origin", "Property"]

KINDS: dict[str, EventKind] = {
    kind.name: kind
    for family in (browse, learn, buy, interact, support, message, account)
    for kind in family.KINDS
}
