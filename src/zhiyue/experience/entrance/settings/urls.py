from django.urls import path

from zhiyue.experience.entrance.safety import views as safety
from zhiyue.experience.entrance.settings import views

urlpatterns = [
    path("settings/", views.index, name="settings"),
    path("settings/profile/", views.profile, name="profile"),
    path("settings/safety/", views.safety, name="safety"),
    path("settings/safety/second-factor/", views.second_factor, name="second_factor"),
    path("settings/safety/connected/<int:account_id>/remove/", safety.disconnect, name="disconnect"),
    path("settings/devices/", views.devices, name="devices"),
    path("settings/devices/<int:session_id>/end/", views.end_device, name="end_device"),
    path("settings/devices/end-others/", views.end_others, name="end_others"),
    path("settings/appearance/", views.appearance, name="appearance"),
    path("settings/notifications/", views.notifications, name="notifications"),
    path("sign-in/welcome/", safety.arrival, name="arrival"),
]
