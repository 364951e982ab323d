from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "zhiyue.experience.api"
    label = "api"
