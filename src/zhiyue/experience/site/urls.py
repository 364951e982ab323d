from django.urls import path

from zhiyue.experience.site.views import account, courses, home, learning, lesson

app_name = "site"

urlpatterns = [
    path("", home.home, name="home"),
    path("seeding/", home.seeding, name="seeding"),
    path("courses/", courses.courses, name="courses"),
    path("courses/<slug:slug>/", courses.course, name="course"),
    path("courses/<slug:course_slug>/<slug:lesson_slug>/", lesson.lesson, name="lesson"),
    path("save/<slug:slug>/", courses.save, name="save"),
    path("enrol/<slug:slug>/", courses.enrol, name="enrol"),
    path("finish/<slug:course_slug>/<slug:lesson_slug>/", lesson.finish, name="finish"),
    path("learning/", learning.learning, name="learning"),
    path("me/", learning.me, name="me"),
    path("sign-up/", account.sign_up, name="sign_up"),
    path("sign-in/", account.sign_in, name="sign_in"),
    path("sign-out/", account.sign_out, name="sign_out"),
]
