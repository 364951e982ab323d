"""Runs one command on the database named in the environment, with the test jobs and nothing above `core`."""

import json
import os
import sys

import django
from django.conf import settings
from django.core.management import call_command

settings.DATABASES["default"] = json.loads(os.environ["ZHIYUE_JOBS_TEST_DATABASE"])
# The rest of the house takes seconds to import and brings schedules of its own.
settings.INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "zhiyue.core.audit",
    "zhiyue.core.accounts",
    "zhiyue.core.jobs",
]
django.setup()
__import__("tests.core.jobs.acts")
call_command(*sys.argv[1:])
