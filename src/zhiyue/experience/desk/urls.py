from django.urls import path
from django.views.generic import RedirectView

from zhiyue.experience.desk.access import for_the_desk
from zhiyue.experience.desk.views import activity, follow, jobs

app_name = "desk"

urlpatterns = [
    path("", for_the_desk(RedirectView.as_view(pattern_name="desk:activity")), name="desk"),
    path("activity/", activity.activity, name="activity"),
    path("activity.csv", activity.activity_csv, name="activity_csv"),
    path("follow/", follow.follow, name="follow"),
    path("follow/stream/", follow.stream, name="follow_stream"),
    path("jobs/", jobs.jobs, name="jobs"),
    path("jobs/<int:job_id>/retry/", jobs.retry, name="retry"),
    path("jobs/<int:job_id>/discard/", jobs.discard, name="discard"),
]
