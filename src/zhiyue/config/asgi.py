"""The web server's way in."""

from importlib import import_module

from django.core.asgi import get_asgi_application

from zhiyue.config.environment import choose_settings
from zhiyue.core.kit.supervised import leave_with_supervisor

choose_settings()
leave_with_supervisor()
application = get_asgi_application()
# After Django is set up: the checks read settings and the database.
import_module("zhiyue.config.checks").refuse_unsafe_production()
