from django.apps import AppConfig


class StudioConfig(AppConfig):
    name = "zhiyue.experience.studio"
    label = "studio"
