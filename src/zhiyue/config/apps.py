from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "zhiyue.config"
    label = "zhiyue_config"

    def ready(self) -> None:
        # Registers the checks below with Django.
        from zhiyue.config import checks  # noqa: F401, PLC0415
        from zhiyue.config.simulation import PLACE  # noqa: PLC0415
        from zhiyue.experience.desk.places import put_beside  # noqa: PLC0415

        put_beside("jobs", PLACE)
