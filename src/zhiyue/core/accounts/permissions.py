"""What each role may do, by name. Selectors and services ask here; no page decides by role."""

from enum import StrEnum

from zhiyue.core.accounts.models import Role


class Permission(StrEnum):
    """One thing that not everybody may do."""

    USE_STUDIO = "studio.use"
    CHANGE_ANY_COURSE = "catalogue.change_any"
    SEE_ACTIVITY = "activity.see"
    RUN_JOBS = "jobs.run"
    RUN_WEBHOOKS = "webhooks.run"
    SEE_MEMBERS = "members.see"
    CHANGE_MEMBERS = "members.change"
    EXPORT_MEMBERS = "members.export"
    SEE_ORDERS = "orders.see"
    REFUND_ORDERS = "orders.refund"
    ISSUE_INVOICES = "invoices.issue"
    PAY_TEACHERS = "teachers.pay"
    CHANGE_SALES = "sales.change"
    IMPORT_ORDERS = "orders.import"
    SEE_BOOKS = "books.see"
    RECONCILE = "books.reconcile"
    CHANGE_STAFF = "staff.change"
    SEE_AUDIT = "audit.see"
    SET_UP_ACADEMY = "academy.set_up"
    CHANGE_RECOMMENDATION = "recommendation.change"


_CREATOR = frozenset({Permission.USE_STUDIO})
_AGENT = frozenset({Permission.SEE_MEMBERS, Permission.SEE_ORDERS})
_OPERATOR = (
    _CREATOR
    | _AGENT
    | {
        Permission.CHANGE_ANY_COURSE,
        Permission.SEE_ACTIVITY,
        Permission.RUN_JOBS,
        Permission.RUN_WEBHOOKS,
        Permission.CHANGE_MEMBERS,
        Permission.EXPORT_MEMBERS,
        Permission.REFUND_ORDERS,
        Permission.ISSUE_INVOICES,
        Permission.PAY_TEACHERS,
        Permission.CHANGE_SALES,
        Permission.IMPORT_ORDERS,
        Permission.SEE_BOOKS,
        Permission.RECONCILE,
        Permission.SEE_AUDIT,
        Permission.CHANGE_RECOMMENDATION,
    }
)

PERMISSIONS: dict[str, frozenset[Permission]] = {
    Role.LEARNER.value: frozenset(),
    Role.CREATOR.value: _CREATOR,
    Role.AGENT.value: _AGENT,
    Role.OPERATOR.value: _OPERATOR,
    Role.OWNER.value: frozenset(Permission),
}
# Whoever holds one of these finds some page of the desk open.
OF_THE_DESK = frozenset(Permission) - _CREATOR
STAFF_ROLES = frozenset({Role.CREATOR.value, Role.AGENT.value, Role.OPERATOR.value, Role.OWNER.value})


def permissions_of(roles: frozenset[str]) -> frozenset[Permission]:
    """Everything that holders of these roles may do."""
    return frozenset().union(*(PERMISSIONS.get(role, frozenset()) for role in roles))
