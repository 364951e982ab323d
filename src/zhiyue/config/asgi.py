"""The web server's way in."""

import gc
import os
import warnings
from importlib import import_module

from django.core.asgi import get_asgi_application

from zhiyue.config.environment import choose_settings
from zhiyue.core.kit.supervised import leave_with_supervisor
from zhiyue.experience.shell.bodies import CountedBodies

# WhiteNoise hands Django files piece by piece; read in a thread they are as good as asynchronous ones.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")
# One person's slate is a few small products of matrices: threads that share them wait for one another longer than they
# reckon. Before numpy comes in; whoever sets a number keeps it.
threads = "1"
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    threads = os.environ[name] = os.environ.get(name) or threads
choose_settings()
leave_with_supervisor()
application = CountedBodies(get_asgi_application())
# After Django is set up: the checks read settings and the database.
import_module("zhiyue.config.checks").refuse_unsafe_production()
# What stands for as long as the process: looking for circles among it would stop every request for a tenth of a second,
# once in some hundred. The addresses bring all pages along, which otherwise come with the first request.
import_module("zhiyue.config.urls")
gc.collect()
gc.freeze()
