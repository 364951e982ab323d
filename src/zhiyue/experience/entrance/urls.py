from django.urls import URLPattern

app_name = "entrance"

urlpatterns: list[URLPattern] = []
