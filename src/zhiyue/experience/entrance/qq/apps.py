from django.apps import AppConfig


class QQConfig(AppConfig):
    """Installed so that django-allauth finds `provider.py`; it has no tables."""

    name = "zhiyue.experience.entrance.qq"
    label = "entrance_qq"
