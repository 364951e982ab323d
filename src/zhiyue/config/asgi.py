"""The web server's way in."""

from django.core.asgi import get_asgi_application

from zhiyue.config.environment import choose_settings
from zhiyue.core.kit.supervised import leave_with_supervisor

choose_settings()
leave_with_supervisor()
application = get_asgi_application()
