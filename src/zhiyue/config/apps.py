from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "zhiyue.config"
    label = "zhiyue_config"

    def ready(self) -> None:
        # Registers the checks below with Django.
        from zhiyue.config import checks  # noqa: F401, PLC0415
