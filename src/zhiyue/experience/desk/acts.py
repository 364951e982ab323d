"""The desk's words for acts: what was done, and what that means, for somebody who has never seen the vocabulary."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

ACTS: Mapping[str, tuple[Promise, Promise]] = {
    "page.viewed": (
        pgettext_lazy("act", "Looked at a page"),
        pgettext_lazy("act meaning", "A page was looked at."),
    ),
    "course.viewed": (
        pgettext_lazy("act", "Opened a course"),
        pgettext_lazy("act meaning", "The page of a course was opened."),
    ),
    "slate.shown": (
        pgettext_lazy("act", "Saw a shelf"),
        pgettext_lazy(
            "act meaning", "A shelf of recommendations came into view; its courses stand in their order."
        ),
    ),
    "slate.chosen": (
        pgettext_lazy("act", "Chose from a shelf"),
        pgettext_lazy("act meaning", "A recommended course was chosen from a shelf."),
    ),
    "search.made": (
        pgettext_lazy("act", "Searched"),
        pgettext_lazy(
            "act meaning",
            "Somebody searched the academy; `found` is how much was found, 0 where nothing was.",
        ),
    ),
    "search.chosen": (
        pgettext_lazy("act", "Opened something found"),
        pgettext_lazy("act meaning", "Something found by a search was opened."),
    ),
    "offer.seen": (
        pgettext_lazy("act", "Saw a price"),
        pgettext_lazy("act meaning", "The price of a course came into view."),
    ),
    "preview.started": (
        pgettext_lazy("act", "Began a preview"),
        pgettext_lazy("act meaning", "A preview of a lesson was begun."),
    ),
    "preview.progressed": (
        pgettext_lazy("act", "Watched a preview"),
        pgettext_lazy("act meaning", "Active time in a preview, sent every few seconds while it is in view."),
    ),
    "preview.ended": (
        pgettext_lazy("act", "Ended a preview"),
        pgettext_lazy("act meaning", "A preview was left or came to its end."),
    ),
    "lesson.opened": (
        pgettext_lazy("act", "Opened a lesson"),
        pgettext_lazy("act meaning", "A lesson was opened by somebody who may read it."),
    ),
    "lesson.started": (
        pgettext_lazy("act", "Began a lesson"),
        pgettext_lazy("act meaning", "A person opened a lesson for the first time."),
    ),
    "lesson.progressed": (
        pgettext_lazy("act", "Read on"),
        pgettext_lazy(
            "act meaning", "Active reading time, sent every few seconds while the lesson is in view."
        ),
    ),
    "lesson.finished": (
        pgettext_lazy("act", "Finished a lesson"),
        pgettext_lazy("act meaning", "A lesson was finished."),
    ),
    "live.joined": (
        pgettext_lazy("act", "Joined a live session"),
        pgettext_lazy("act meaning", "A person came into a live session."),
    ),
    "live.left": (
        pgettext_lazy("act", "Left a live session"),
        pgettext_lazy("act meaning", "A person left a live session, after so many seconds in it."),
    ),
    "live.hand_raised": (
        pgettext_lazy("act", "Raised a hand"),
        pgettext_lazy("act meaning", "A person raised their hand in a live session."),
    ),
    "course.enrolled": (
        pgettext_lazy("act", "Joined a course"),
        pgettext_lazy("act meaning", "A course became the member's own."),
    ),
    "gift.made": (
        pgettext_lazy("act", "Gave a lesson"),
        pgettext_lazy("act meaning", "A member made a link by which friends read a lesson of theirs."),
    ),
    "gift.opened": (
        pgettext_lazy("act", "Opened a gift"),
        pgettext_lazy("act meaning", "A friend opened a lesson that was given to them."),
    ),
    "trial.started": (
        pgettext_lazy("act", "Began a trial"),
        pgettext_lazy(
            "act meaning",
            "A member began to try a course, or a membership, for so many days; it ends by itself.",
        ),
    ),
    "checkout.opened": (
        pgettext_lazy("act", "Opened the checkout"),
        pgettext_lazy("act meaning", "The page on which something is ordered was opened."),
    ),
    "order.placed": (
        pgettext_lazy("act", "Placed an order"),
        pgettext_lazy("act meaning", "An order was placed and waits for its payment."),
    ),
    "order.paid": (
        pgettext_lazy("act", "Paid an order"),
        pgettext_lazy("act meaning", "An order was paid."),
    ),
    "order.failed": (
        pgettext_lazy("act", "A payment failed"),
        pgettext_lazy("act meaning", "A payment was begun and didn't succeed."),
    ),
    "order.cancelled": (
        pgettext_lazy("act", "Cancelled an order"),
        pgettext_lazy("act meaning", "An order was cancelled by its member before it was paid."),
    ),
    "order.expired": (
        pgettext_lazy("act", "An order expired"),
        pgettext_lazy("act meaning", "An order was not paid in time."),
    ),
    "order.refund_asked": (
        pgettext_lazy("act", "Asked for a refund"),
        pgettext_lazy("act meaning", "A member asked for their money back."),
    ),
    "order.refunded": (
        pgettext_lazy("act", "An order was refunded"),
        pgettext_lazy("act meaning", "An order's money went back; the amount is what was given back."),
    ),
    "coupon.claimed": (
        pgettext_lazy("act", "Entered a coupon's code"),
        pgettext_lazy("act meaning", "A member entered the code of a coupon, and has it from then on."),
    ),
    "code.redeemed": (
        pgettext_lazy("act", "Redeemed a code"),
        pgettext_lazy(
            "act meaning",
            "A member redeemed a code, which opened what it is for; the amount is the price it stands for.",
        ),
    ),
    "coupon.used": (
        pgettext_lazy("act", "Paid with a coupon"),
        pgettext_lazy(
            "act meaning", "An order that holds a coupon was paid; the amount is what the coupon took off."
        ),
    ),
    "course.saved": (
        pgettext_lazy("act", "Saved a course"),
        pgettext_lazy("act meaning", "A course was put on the person's list."),
    ),
    "course.unsaved": (
        pgettext_lazy("act", "Unsaved a course"),
        pgettext_lazy("act meaning", "A course was taken off the person's list."),
    ),
    "course.dismissed": (
        pgettext_lazy("act", "Said “not for me”"),
        pgettext_lazy(
            "act meaning", "A person said that a course isn't for them: it is suggested to them no more."
        ),
    ),
    "course.restored": (
        pgettext_lazy("act", "Took “not for me” back"),
        pgettext_lazy("act meaning", "A course that wasn't for somebody may be suggested to them again."),
    ),
    "interest.chosen": (
        pgettext_lazy("act", "Chose an interest"),
        pgettext_lazy("act meaning", "A person said that they care about a topic."),
    ),
    "interest.corrected": (
        pgettext_lazy("act", "Corrected an interest"),
        pgettext_lazy(
            "act meaning",
            "A person asked to be suggested more or less of a topic; `way` “none” takes that back.",
        ),
    ),
    "course.disregarded": (
        pgettext_lazy("act", "Said that a course is no reason"),
        pgettext_lazy(
            "act meaning", "A person said that what they do with a course is no reason to suggest another."
        ),
    ),
    "course.regarded": (
        pgettext_lazy("act", "Let a course be a reason again"),
        pgettext_lazy(
            "act meaning", "What somebody does with a course may be a reason for suggestions again."
        ),
    ),
    "checkin.made": (
        pgettext_lazy("act", "Checked in"),
        pgettext_lazy(
            "act meaning", "A person checked in for the day; `streak` is how many days in a row that makes."
        ),
    ),
    "question.asked": (
        pgettext_lazy("act", "Asked a question"),
        pgettext_lazy("act meaning", "A question about a course was asked."),
    ),
    "answer.given": (
        pgettext_lazy("act", "Answered a question"),
        pgettext_lazy("act meaning", "A question was answered."),
    ),
    "answer.accepted": (
        pgettext_lazy("act", "Accepted an answer"),
        pgettext_lazy("act meaning", "An answer was accepted by who had asked."),
    ),
    "thread.opened": (
        pgettext_lazy("act", "Opened a thread"),
        pgettext_lazy("act meaning", "A thread of a course's forum was opened."),
    ),
    "reply.written": (
        pgettext_lazy("act", "Wrote a reply"),
        pgettext_lazy("act meaning", "A reply was written in a thread."),
    ),
    "vote.cast": (
        pgettext_lazy("act", "Voted"),
        pgettext_lazy("act meaning", "A vote was cast; `way` “none” takes one back."),
    ),
    "follow.begun": (
        pgettext_lazy("act", "Began to follow"),
        pgettext_lazy(
            "act meaning", "A person began to follow a teacher, a topic, a thread or another member."
        ),
    ),
    "follow.ended": (
        pgettext_lazy("act", "Stopped following"),
        pgettext_lazy("act meaning", "A person follows somebody or something no longer."),
    ),
    "rating.given": (
        pgettext_lazy("act", "Rated a course"),
        pgettext_lazy("act meaning", "A course was rated."),
    ),
    "review.written": (
        pgettext_lazy("act", "Wrote a review"),
        pgettext_lazy("act meaning", "A review of a course was written; `letters` is how long it is."),
    ),
    "satisfaction.asked": (
        pgettext_lazy("act", "Was asked how satisfied they are"),
        pgettext_lazy("act meaning", "A person was asked how satisfied they are."),
    ),
    "satisfaction.answered": (
        pgettext_lazy("act", "Said how satisfied they are"),
        pgettext_lazy("act meaning", "A person said how satisfied they are, from 0 to 10."),
    ),
    "support.opened": (
        pgettext_lazy("act", "Opened a conversation with support"),
        pgettext_lazy("act meaning", "A conversation with support was opened."),
    ),
    "support.asked": (
        pgettext_lazy("act", "Wrote to support"),
        pgettext_lazy("act meaning", "A person wrote to support."),
    ),
    "support.answered": (
        pgettext_lazy("act", "Got an answer from support"),
        pgettext_lazy(
            "act meaning",
            "Support answered; `skill` is what the bot answered by, `sureness` how sure it was.",
        ),
    ),
    "support.handed_over": (
        pgettext_lazy("act", "Went from the bot to an agent"),
        pgettext_lazy("act meaning", "A conversation went from the bot to an agent."),
    ),
    "support.closed": (
        pgettext_lazy("act", "A conversation with support was closed"),
        pgettext_lazy("act meaning", "A conversation was closed."),
    ),
    "message.sent": (
        pgettext_lazy("act", "Was sent a message"),
        pgettext_lazy("act meaning", "A message was sent to a person."),
    ),
    "message.opened": (
        pgettext_lazy("act", "Opened a message"),
        pgettext_lazy("act meaning", "A message was opened."),
    ),
    "message.acted": (
        pgettext_lazy("act", "Did what a message invited to"),
        pgettext_lazy("act meaning", "A person did what a message invited to."),
    ),
    "message.stopped": (
        pgettext_lazy("act", "Stopped messages"),
        pgettext_lazy("act meaning", "A person stopped messages like this one."),
    ),
    "member.signed_up": (
        pgettext_lazy("act", "Signed up"),
        pgettext_lazy("act meaning", "A visitor became a member."),
    ),
    "member.signed_in": (
        pgettext_lazy("act", "Signed in"),
        pgettext_lazy("act meaning", "A member signed in."),
    ),
    "consent.chosen": (
        pgettext_lazy("act", "Chose what to consent to"),
        pgettext_lazy(
            "act meaning", "A person chose what they consent to; `granted` holds the bits of the purposes."
        ),
    ),
}
