from django.urls import path

from zhiyue.experience.desk.views import activity, door, follow, jobs

app_name = "desk"

urlpatterns = [
    path("", door.desk, name="desk"),
    path("activity/", activity.activity, name="activity"),
    path("activity.csv", activity.activity_csv, name="activity_csv"),
    path("follow/", follow.follow, name="follow"),
    path("follow/stream/", follow.stream, name="follow_stream"),
    path("jobs/", jobs.jobs, name="jobs"),
    path("jobs/<int:job_id>/retry/", jobs.retry, name="retry"),
    path("jobs/<int:job_id>/discard/", jobs.discard, name="discard"),
]
