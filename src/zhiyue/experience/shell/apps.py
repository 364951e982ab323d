from django.apps import AppConfig


class ShellConfig(AppConfig):
    name = "zhiyue.experience.shell"
    label = "shell"
