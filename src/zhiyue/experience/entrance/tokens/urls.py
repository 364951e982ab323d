from django.urls import path

from zhiyue.experience.entrance.tokens import views

urlpatterns = [
    path("settings/tokens/", views.tokens, name="tokens"),
    path("settings/tokens/<int:token_id>/end/", views.end, name="end_token"),
]
