from django.apps import AppConfig


class EntranceConfig(AppConfig):
    name = "zhiyue.experience.entrance"
    label = "entrance"
