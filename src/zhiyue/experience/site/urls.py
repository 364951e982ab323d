from django.urls import path

from zhiyue.experience.site.views import (
    courses,
    explore,
    home,
    learning,
    lesson,
    papers,
    people,
    robots,
    search,
    share,
)

app_name = "site"

urlpatterns = [
    path("", home.home, name="home"),
    path("seeding/", home.seeding, name="seeding"),
    path("courses/", explore.courses, name="courses"),
    path("courses/<slug:slug>/", courses.course, name="course"),
    path("courses/<slug:course_slug>/<slug:lesson_slug>/", lesson.lesson, name="lesson"),
    path("topics/<slug:slug>/", explore.topic, name="topic"),
    path("teachers/<slug:slug>/", people.teacher, name="teacher"),
    path("search/", search.search, name="search"),
    path("search/suggest/", search.suggest, name="suggest"),
    path("save/<slug:slug>/", courses.save, name="save"),
    path("not-for-me/<slug:slug>/", courses.dismiss, name="dismiss"),
    path("enrol/<slug:slug>/", courses.enrol, name="enrol"),
    path("finish/<slug:course_slug>/<slug:lesson_slug>/", lesson.finish, name="finish"),
    path("share/<slug:slug>/card.png", share.card, name="card"),
    path("share/<slug:slug>/poster.svg", share.poster_drawing, name="poster_drawing"),
    path("share/<slug:slug>/poster.png", share.poster, name="poster"),
    path("preferences/text-size/", lesson.choose_text_size, name="text_size"),
    path("learning/", learning.learning, name="learning"),
    path("welcome/", learning.welcome, name="welcome"),
    path("me/", learning.me, name="me"),
    path("help/", papers.help_page, name="help"),
    path("agreements/<slug:kind>/", papers.agreement, name="agreement"),
    path("sitemap.xml", robots.sitemap, name="sitemap"),
    path("robots.txt", robots.robots, name="robots"),
    path("site.webmanifest", robots.manifest, name="manifest"),
    path("favicon.ico", robots.favicon, name="favicon"),
    path("apple-touch-icon.png", robots.touch_icon, name="touch_icon"),
]
