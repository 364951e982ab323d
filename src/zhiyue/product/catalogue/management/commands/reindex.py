"""`zhiyue reindex`: put the whole catalogue into the search index again."""

from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from zhiyue.product.catalogue.indexing import rebuild


class Command(BaseCommand):
    help = "Put the whole catalogue into the search index again. What didn't change is left alone."

    def handle(self, *args: Any, **options: Any) -> None:
        with tqdm(unit=" courses", disable=None, file=self.stderr) as bar:

            def report(done: int, total: int, title: str) -> None:
                bar.total, bar.n = total, done
                bar.set_postfix_str(title, refresh=True)

            count = rebuild(report)
        self.stdout.write(f"{count} courses are in the search index.")
