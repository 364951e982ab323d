from django.urls import path

from zhiyue.experience.entrance.privacy import views

urlpatterns = [
    path("consent/", views.consent, name="consent"),
    path("privacy/", views.visitor_privacy, name="visitor_privacy"),
    path("privacy/personalisation/", views.personalise, name="personalise"),
    path("privacy/history/", views.forget_history, name="forget_history"),
    path("settings/privacy/", views.privacy, name="privacy"),
]
