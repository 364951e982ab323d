from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.urls import path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularSwaggerSplitView

from zhiyue.experience.api.views import (
    activity,
    catalogue,
    coupons,
    events,
    gifts,
    ground,
    interests,
    invoices,
    me,
    membership,
    offers,
    orders,
    privacy,
    recommendations,
    refunds,
    search,
)

app_name = "api"

docs = SpectacularSwaggerSplitView.as_view(url_name="api:schema", template_name="api/docs.html")

urlpatterns = [
    path("schema/", ground.schema, name="schema"),
    # Swagger styles its page from within; no other page may.
    path("docs/", csp_replace({"style-src": [SELF, UNSAFE_INLINE]})(docs), name="docs"),
    path("docs/problems/", ground.problems, name="problems"),
    path("schema", RedirectView.as_view(pattern_name="api:schema", permanent=True)),
    path("docs", RedirectView.as_view(pattern_name="api:docs", permanent=True)),
    path("v1/schema", RedirectView.as_view(pattern_name="api:schema", permanent=True)),
    path("v1/docs", RedirectView.as_view(pattern_name="api:docs", permanent=True)),
    path("v1/", ground.Root.as_view(), name="root"),
    path("v1/courses", catalogue.Courses.as_view(), name="courses"),
    path("v1/courses/<slug:slug>", catalogue.OneCourse.as_view(), name="course"),
    path("v1/courses/<slug:slug>/similar", recommendations.Similar.as_view(), name="similar"),
    path("v1/courses/<slug:course>/lessons/<slug:lesson>", catalogue.OneLesson.as_view(), name="lesson"),
    path("v1/topics", catalogue.Topics.as_view(), name="topics"),
    path("v1/teachers", catalogue.Teachers.as_view(), name="teachers"),
    path("v1/teachers/<slug:slug>", catalogue.OneTeacher.as_view(), name="teacher"),
    path("v1/search", search.Search.as_view(), name="search"),
    path("v1/recommendations", recommendations.ForMe.as_view(), name="recommendations"),
    path("v1/recommendations/feedback", recommendations.Feedback.as_view(), name="feedback"),
    path("v1/me", me.Me.as_view(), name="me"),
    path("v1/me/courses", me.MyCourses.as_view(), name="my_courses"),
    path("v1/me/progress", me.MyProgress.as_view(), name="my_progress"),
    path("v1/me/saved", me.MySaved.as_view(), name="my_saved"),
    path("v1/me/saved/<slug:slug>", me.OneSaved.as_view(), name="my_saved_course"),
    path("v1/me/consent", privacy.MyConsent.as_view(), name="my_consent"),
    path("v1/me/interests", interests.MyInterests.as_view(), name="my_interests"),
    path("v1/me/interests/corrections", interests.MyCorrections.as_view(), name="my_corrections"),
    path("v1/me/history", privacy.MyHistory.as_view(), name="my_history"),
    path("v1/me/membership", membership.MyMembership.as_view(), name="my_membership"),
    path("v1/me/trials", membership.MyTrials.as_view(), name="my_trials"),
    path("v1/me/gifts", gifts.MyGifts.as_view(), name="my_gifts"),
    path("v1/me/gifts/received", gifts.ReceivedGifts.as_view(), name="my_received_gifts"),
    path("v1/me/orders", orders.MyOrders.as_view(), name="my_orders"),
    path("v1/me/orders/<slug:number>", orders.OneOrder.as_view(), name="my_order"),
    path("v1/me/orders/<slug:number>/payment", orders.PayOrder.as_view(), name="my_order_payment"),
    path("v1/me/orders/<slug:number>/cancellation", orders.CancelOrder.as_view(), name="my_order_cancel"),
    path("v1/me/orders/<slug:number>/receipt", invoices.Receipt.as_view(), name="my_order_receipt"),
    path("v1/me/orders/<slug:number>/invoice", invoices.OrderInvoice.as_view(), name="my_order_invoice"),
    path("v1/me/orders/<slug:number>/refund", refunds.OrderRefund.as_view(), name="my_order_refund"),
    path("v1/me/coupons", coupons.MyCoupons.as_view(), name="my_coupons"),
    path("v1/me/redemptions", coupons.MyRedemptions.as_view(), name="my_redemptions"),
    path("v1/offers", offers.Offers.as_view(), name="offers"),
    path("v1/offers/<str:offer>", offers.OneOffer.as_view(), name="offer"),
    path("v1/gifts/<slug:secret>", gifts.OneGift.as_view(), name="gift"),
    path("v1/gifts/<slug:secret>/opening", gifts.OpenGift.as_view(), name="gift_opening"),
    path("v1/events", events.Events.as_view(), name="events"),
    path("v1/events/kinds", events.Kinds.as_view(), name="event_kinds"),
    path("v1/activity", activity.Activity.as_view(), name="activity"),
    path("v1/collected", activity.Collected.as_view(), name="collected"),
    re_path(r"^(?P<rest>.*)$", ground.NothingHere.as_view()),
]
