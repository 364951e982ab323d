from django.apps import AppConfig


class CollectConfig(AppConfig):
    name = "zhiyue.collect"
    label = "collect"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Registers the checks with Django.
        from zhiyue.collect import checks  # noqa: F401, PLC0415
