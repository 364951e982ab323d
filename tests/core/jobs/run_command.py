"""Runs one command on the database named in the environment, with the test jobs registered."""

import json
import os
import sys

import django
from django.conf import settings
from django.core.management import call_command

settings.DATABASES["default"] = json.loads(os.environ["ZHIYUE_JOBS_TEST_DATABASE"])
django.setup()
__import__("tests.core.jobs.acts")
call_command(*sys.argv[1:])
