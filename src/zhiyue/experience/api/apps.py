from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "zhiyue.experience.api"
    label = "api"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from zhiyue.experience.api import schema  # noqa: F401, PLC0415 - drf-spectacular finds what is imported
