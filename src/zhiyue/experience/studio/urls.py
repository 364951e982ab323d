from django.urls import path

from zhiyue.experience.studio.views import courses, facts, lessons, look, outline, publication, shelving

app_name = "studio"

urlpatterns = [
    path("", courses.courses, name="courses"),
    path("new/", courses.new, name="new"),
    path("preview/", lessons.preview, name="preview"),
    path("courses/<int:course_id>/", courses.course, name="course"),
    path("courses/<int:course_id>/outline/", outline.outline, name="outline"),
    path("courses/<int:course_id>/facts/", facts.facts, name="facts"),
    path("courses/<int:course_id>/facts/card/", facts.card, name="facts_card"),
    path("courses/<int:course_id>/look/", look.look, name="look"),
    path("courses/<int:course_id>/look/keyword/", look.keyword, name="keyword"),
    path("courses/<int:course_id>/look/drawn/", look.drawn, name="drawn"),
    path("courses/<int:course_id>/publish/", publication.publication, name="publication"),
    path("courses/<int:course_id>/publish/<slug:verb>/", publication.act, name="publication_act"),
    path("courses/<int:course_id>/address/", publication.address, name="address"),
    path("courses/<int:course_id>/chapters/add/", outline.add_chapter, name="add_chapter"),
    path("chapters/<int:pk>/<slug:verb>/", outline.chapter_act, name="chapter_act"),
    path("lessons/<int:lesson_id>/", lessons.lesson, name="lesson"),
    path("lessons/<int:lesson_id>/address/", lessons.address, name="lesson_address"),
    path("lessons/<int:lesson_id>/picture/", lessons.picture, name="lesson_picture"),
    path("lessons/<int:pk>/<slug:verb>/", outline.lesson_act, name="lesson_act"),
    path("me/", shelving.me, name="me"),
    path("me/portrait/", shelving.own_portrait, name="own_portrait"),
    path("topics/", shelving.topics, name="topics"),
    path("topics/new/", shelving.topic, name="new_topic"),
    path("topics/<int:topic_id>/", shelving.topic, name="topic"),
    path("topics/<int:topic_id>/move/", shelving.move_topic, name="move_topic"),
    path("teachers/", shelving.teachers, name="teachers"),
    path("teachers/new/", shelving.teacher, name="new_teacher"),
    path("teachers/<int:teacher_id>/", shelving.teacher, name="teacher"),
    path("teachers/<int:teacher_id>/portrait/", shelving.portrait, name="portrait"),
]
