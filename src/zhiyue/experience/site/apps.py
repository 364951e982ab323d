from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "zhiyue.experience.site"
    label = "site"
