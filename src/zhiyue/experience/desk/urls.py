from django.urls import path

from zhiyue.experience.desk.views import (
    activity,
    audit,
    door,
    exports,
    follow,
    jobs,
    member_acts,
    members,
    sameness,
    searches,
    setup,
    staff,
)

app_name = "desk"

urlpatterns = [
    path("setup/", setup.setup, name="setup"),
    path("setup/ready/", setup.ready, name="setup_ready"),
    path("setup/try/<slug:what>/", setup.attempt, name="setup_try"),
    path("setup/looks/", setup.looks, name="setup_looks"),
    path("setup/agreements/<slug:kind>/", setup.agreement, name="setup_agreement"),
    path("setup/health/", setup.health, name="setup_health"),
    path("", door.desk, name="desk"),
    path("activity/", activity.activity, name="activity"),
    path("activity.csv", activity.activity_csv, name="activity_csv"),
    path("follow/", follow.follow, name="follow"),
    path("follow/stream/", follow.stream, name="follow_stream"),
    path("searches/", searches.searches, name="searches"),
    path("searches/synonyms/", searches.put, name="put_synonyms"),
    path("searches/synonyms/<int:synonyms_id>/", searches.put, name="change_synonyms"),
    path("searches/synonyms/<int:synonyms_id>/remove/", searches.remove, name="remove_synonyms"),
    path("jobs/", jobs.jobs, name="jobs"),
    path("jobs/<int:job_id>/retry/", jobs.retry, name="retry"),
    path("jobs/<int:job_id>/discard/", jobs.discard, name="discard"),
    path("members/", members.members, name="members"),
    path("members/tag/", members.tag_chosen, name="members_tag"),
    path("members/export/", exports.members_csv, name="members_export"),
    path("members/<int:member_id>/", members.member, name="member"),
    *(
        path(f"members/<int:member_id>/{act}/", member_acts.acting(act), name=f"member_{act}")
        for act in member_acts.ACTS
    ),
    path("staff/", staff.staff, name="staff"),
    path("staff/invite/", staff.invite, name="invite"),
    path("staff/<int:invitation_id>/withdraw/", staff.withdraw, name="withdraw_invitation"),
    path("invitation/", staff.invitation, name="invitation"),
    path("invitation/<str:secret>/", staff.open_invitation, name="open_invitation"),
    path("sameness/", sameness.sameness, name="sameness"),
    path("sameness/<int:likeness_id>/set-aside/", sameness.set_aside, name="set_aside"),
    path("audit/", audit.audit, name="audit"),
    path("audit/export/", exports.audit_csv, name="audit_export"),
]
