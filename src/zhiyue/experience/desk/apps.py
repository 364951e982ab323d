from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "zhiyue.experience.desk"
    label = "desk"
