"""The tables of commerce that are only ever added to."""

from django.db.backends.base.base import BaseDatabaseWrapper

from zhiyue.core.kit import append_only

TABLES = ("commerce_orderstep", "commerce_entry", "commerce_posting", "commerce_providernotice")


def install(connection: BaseDatabaseWrapper) -> None:
    for table in TABLES:
        append_only.install(connection, table)


def remove(connection: BaseDatabaseWrapper) -> None:
    for table in TABLES:
        append_only.remove(connection, table)
