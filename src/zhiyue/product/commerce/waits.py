"""How long to wait before somebody outside is asked again: ever more rarely, up to a bound."""

from datetime import timedelta

# Of refunds and invoices that are on their way; bills begin later, for a provider makes one a day.
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=20), timedelta(hours=6)


def wait_after(tries: int, *, first: timedelta = FIRST_WAIT, longest: timedelta = LONGEST_WAIT) -> timedelta:
    """How long nothing is asked after so many tries: twice as long each time."""
    return min(first * (1 << min(tries, 16)), longest)
