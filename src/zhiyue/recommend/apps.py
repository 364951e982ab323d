from django.apps import AppConfig


class RecommendConfig(AppConfig):
    name = "zhiyue.recommend"
    label = "zhiyue_recommend"
    default_auto_field = "django.db.models.BigAutoField"
