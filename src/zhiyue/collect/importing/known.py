"""What the academy knows that rows of a file are held against, read once before the first of them."""

from zhiyue.collect.importing.judging import Known, Places
from zhiyue.collect.importing.mapping import ColumnMapping, zone_of
from zhiyue.collect.retention import days_kept
from zhiyue.collect.vocabulary import KINDS
from zhiyue.collect.xapi import STATEMENT_ACTORS
from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock


def read_known(mapping: ColumnMapping, places: Places) -> Known:
    ways = STATEMENT_ACTORS if mapping.form == "xapi" else (mapping.person_by,)
    today, zone = clock.business_day(), clock.business_zone()
    return Known(
        members={by: _members_by(by) for by in ways},
        places=places,
        gone_by={name: clock.days_before(today, days_kept(name)) for name in KINDS},
        days_kept={name: days_kept(name) for name in KINDS},
        now=clock.now(),
        zone=zone,
        told_zone=zone_of(mapping, zone),
    )


def _members_by(by: str) -> dict[str, int]:
    if by == "id":
        return {str(pk): pk for pk in User.objects.values_list("pk", flat=True)}
    rows = User.objects.exclude(**{by: None}).values_list(by, "pk")
    return {value if by == "phone" else value.casefold(): pk for value, pk in rows}
