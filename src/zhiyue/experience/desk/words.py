"""The desk's words for what other rooms name in code: acts, families, origins, corrections, consent,
quarantine reasons, jobs."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import npgettext, pgettext, pgettext_lazy

from zhiyue.collect.models import Quarantined
from zhiyue.collect.vocabulary import KINDS
from zhiyue.experience.desk.acts import ACTS

Words = str | Promise

_FAMILIES: Mapping[str, Words] = {
    "browse": pgettext_lazy("family of acts", "Browsing"),
    "buy": pgettext_lazy("family of acts", "Joining"),
    "learn": pgettext_lazy("family of acts", "Learning"),
    "interact": pgettext_lazy("family of acts", "Interaction"),
    "support": pgettext_lazy("family of acts", "Support"),
    "message": pgettext_lazy("family of acts", "Messages"),
    "account": pgettext_lazy("family of acts", "Account"),
}

_ORIGINS: Mapping[str, Words] = {
    "browser": pgettext_lazy("origin of an event", "told by the browser"),
    "server": pgettext_lazy("origin of an event", "told by the server"),
    "import": pgettext_lazy("origin of an event", "imported"),
    "simulated": pgettext_lazy("origin of an event", "simulated"),
}

_TELLERS: Mapping[str, Words] = {
    "browser": pgettext_lazy("teller of an event", "the browser"),
    "server": pgettext_lazy("teller of an event", "the server"),
    "import": pgettext_lazy("teller of an event", "an import"),
}

_CORRECTIONS: Mapping[str, Words] = {
    "clock_shifted": pgettext_lazy("correction", "was wrong and set right"),
    "clock_ahead": pgettext_lazy("correction", "ran ahead, the time of arrival was taken"),
    "clock_behind": pgettext_lazy("correction", "far behind, the time of arrival was taken"),
    "seconds_bounded": pgettext_lazy(
        "correction", "more seconds were told than went by; the rest was taken off"
    ),
    "percent_bounded": pgettext_lazy(
        "correction", "further than can be read in that time; the rest was taken off"
    ),
}

_WAYS_OF_CONSENT: Mapping[str, Words] = {
    "bar": pgettext_lazy("way of consent", "when asked on a page"),
    "settings": pgettext_lazy("way of consent", "under “Privacy and consent”"),
    "sign_up": pgettext_lazy("way of consent", "when signing up"),
    "api": pgettext_lazy("way of consent", "through a program"),
    "sign_in": pgettext_lazy("way of consent", "as a visitor, before signing in"),
    "import": pgettext_lazy("way of consent", "taken over from another system"),
}

_QUARANTINE: Mapping[str, Words] = {
    "unknown_event": pgettext_lazy("quarantine reason", "Not in the table of events"),
    "wrong_origin": pgettext_lazy("quarantine reason", "Sent by a side that may not report it"),
    "missing_id": pgettext_lazy("quarantine reason", "Without the course or lesson it is about"),
    "unknown_property": pgettext_lazy("quarantine reason", "With a property nobody defined"),
    "missing_property": pgettext_lazy("quarantine reason", "Without a property it needs"),
    "wrong_type": pgettext_lazy("quarantine reason", "A property of the wrong type"),
    "out_of_bounds": pgettext_lazy("quarantine reason", "A number beyond its bounds"),
    "malformed": pgettext_lazy("quarantine reason", "Could not be read"),
    "too_large": pgettext_lazy("quarantine reason", "Larger than an event may be"),
    "robot": pgettext_lazy("quarantine reason", "Sent by a robot"),
    "unknown_course": pgettext_lazy("quarantine reason", "About a course that isn't offered"),
    "doubled_course": pgettext_lazy("quarantine reason", "A shelf with a course in two places"),
    "forged_slate": pgettext_lazy("quarantine reason", "About a shelf that wasn't shown like this"),
    "unknown_lesson": pgettext_lazy("quarantine reason", "About a lesson that its course doesn't have"),
    "lesson_closed": pgettext_lazy("quarantine reason", "About a lesson that doesn't open for the person"),
}

_OUTCOMES: Mapping[str, Words] = {
    "accepted": pgettext_lazy("replay outcome", "Taken in"),
    "duplicate": pgettext_lazy("replay outcome", "Was there before"),
}

_JOBS: Mapping[str, Words] = {
    "collect.seal": pgettext_lazy("job", "Seal ended days into the lake"),
    "collect.compact": pgettext_lazy("job", "Remove forgotten people from sealed days"),
    "collect.forget_old": pgettext_lazy("job", "Forget events that were kept long enough"),
    "collect.verify": pgettext_lazy("job", "Hold the lake against the log"),
    "monitor.measure": pgettext_lazy("job", "Measure ended days"),
    "monitor.taste": pgettext_lazy("job", "Find changes of what learners care about"),
    "recommend.train": pgettext_lazy("job", "Train the recommenders"),
    "recommend.forget_people": pgettext_lazy("job", "Drop recommenders that hold rows of people for a week"),
    "recommend.compare": pgettext_lazy("job", "Compare policies in the lab"),
    "recommend.count_arms": pgettext_lazy("job", "Count how policies and new courses tried by lot did"),
    "recommend.take_in": pgettext_lazy("job", "Let the recommenders know new courses and texts"),
    "recommend.follow_catalogue": pgettext_lazy("job", "Keep the recommenders up with the catalogue"),
    "catalogue.come_out": pgettext_lazy("job", "Announce a scheduled course at its time"),
    "catalogue.compare": pgettext_lazy("job", "Compare courses for sameness"),
    "catalogue.forget_pictures": pgettext_lazy("job", "Forget pictures that nothing shows"),
    "commerce.import_members": pgettext_lazy("job", "Import members"),
    "commerce.import_orders": pgettext_lazy("job", "Import past orders"),
    "commerce.forget_uploads": pgettext_lazy("job", "Forget uploaded tables"),
    "commerce.remind_of_trials": pgettext_lazy("job", "Write to those whose trial ends soon"),
    "commerce.earn_memberships": pgettext_lazy("job", "Enter what memberships have earned"),
    "commerce.remind_of_memberships": pgettext_lazy("job", "Write to those whose membership ends soon"),
    "commerce.expire_orders": pgettext_lazy("job", "End orders that weren't paid in time"),
    "commerce.remind_unpaid": pgettext_lazy("job", "Remind once of an order that waits for its payment"),
    "commerce.ask_after_payments": pgettext_lazy(
        "job", "Ask providers after payments of which nothing was heard"
    ),
    "commerce.send_refund": pgettext_lazy("job", "Send a refund to its provider"),
    "commerce.pursue_refunds": pgettext_lazy("job", "Send refunds, and ask after those on their way"),
    "commerce.reconcile": pgettext_lazy("job", "See whose bills want fetching"),
    "commerce.reconcile_provider": pgettext_lazy(
        "job", "Fetch the bills of a provider and compare them with the books"
    ),
    "commerce.issue_invoice": pgettext_lazy("job", "Have an invoice issued or reversed"),
    "commerce.pursue_invoices": pgettext_lazy(
        "job", "Issue and reverse invoices, and ask after those under way"
    ),
    "commerce.follow_with_invoice": pgettext_lazy("job", "See what a refund means for an order's invoice"),
    "commerce.enter_shares": pgettext_lazy("job", "Enter or take back teachers' shares of an order"),
    "commerce.catch_up_shares": pgettext_lazy("job", "Look for teachers' shares that weren't entered"),
    "commerce.make_statements": pgettext_lazy("job", "Make teachers' statements of the month that is over"),
    "commerce.sandbox_tell": pgettext_lazy("job", "Let the sandbox tell of a payment"),
    "commerce.end_payments": pgettext_lazy("job", "See which payments an ended order leaves"),
    "commerce.close_payments": pgettext_lazy("job", "Close payments that no order waits for"),
    "commerce.tell_outside": pgettext_lazy("job", "Tell other systems of an order or a course"),
    "webhooks.deliver": pgettext_lazy("job", "Send webhooks"),
    "webhooks.look_after": pgettext_lazy("job", "See to it that no webhook was left lying"),
    "webhooks.forget": pgettext_lazy("job", "Forget webhooks that were sent long enough ago"),
    "commerce.fulfil": pgettext_lazy("job", "Do what follows from a paid order"),
    "desk.tag_members": pgettext_lazy("job", "Tag members"),
    "demo.seed": pgettext_lazy("job", "Fill the demo academy"),
    "demo.advance": pgettext_lazy("job", "Let simulated members live on"),
    "learning.refresh_boosts": pgettext_lazy("job", "Weigh courses for search by their learners"),
    "learning.replay_quarantine": pgettext_lazy("job", "Judge again what was kept out"),
    "jobs.forget_finished": pgettext_lazy("job", "Forget finished jobs"),
    "notices.deliver": pgettext_lazy("job", "Send a message"),
    "notices.forget": pgettext_lazy("job", "Forget messages that were sent long enough ago"),
    "api.forget_answers": pgettext_lazy("job", "Forget answers kept for programs that ask twice"),
    "config.backup": pgettext_lazy("job", "Write the daily backup"),
    "jobs.forget_sessions": pgettext_lazy("job", "Forget expired sessions"),
}

_IMPORT_STATES: Mapping[str, Words] = {
    "running": pgettext_lazy("import state", "Running, or broken off"),
    "done": pgettext_lazy("import state", "Done"),
    "failed": pgettext_lazy("import state", "Broken off"),
    "undone": pgettext_lazy("import state", "Undone"),
}

WEEKDAYS: tuple[Words, ...] = (
    pgettext_lazy("weekday", "Monday"),
    pgettext_lazy("weekday", "Tuesday"),
    pgettext_lazy("weekday", "Wednesday"),
    pgettext_lazy("weekday", "Thursday"),
    pgettext_lazy("weekday", "Friday"),
    pgettext_lazy("weekday", "Saturday"),
    pgettext_lazy("weekday", "Sunday"),
)


def act(name: str) -> Words:
    """What was done. An event that has left the vocabulary keeps its code name."""
    return ACTS[name][0] if name in ACTS else name


def meaning(name: str) -> Words:
    if name in ACTS:
        return ACTS[name][1]
    return KINDS[name].meaning if name in KINDS else ""


def detail(name: str, properties: Mapping[str, object]) -> str:
    """What the event's own properties add, in a few words; empty where they add nothing."""
    match name, properties:
        case "page.viewed", {"path": str(path)}:
            return path
        case "slate.shown", {"courses": list(courses)}:
            return npgettext("act detail", "%(n)s course", "%(n)s courses", len(courses)) % {
                "n": len(courses)
            }
        case "slate.chosen", {"position": int(position)}:
            return pgettext("act detail", "number %(n)s of the shelf") % {"n": position}
        case "search.made", {"found": int(found)}:
            # What somebody looked for is shown nowhere beside their name.
            return npgettext("act detail", "%(n)s found", "%(n)s found", found) % {"n": found}
        case "lesson.progressed", {"seconds": int(seconds), "percent": int(percent)}:
            return pgettext("act detail", "%(n)s s, as far as %(percent)s %%") % {
                "n": seconds,
                "percent": percent,
            }
    return ""


def family(name: str) -> Words:
    return _FAMILIES.get(name, name)


def origin(name: str) -> Words:
    return _ORIGINS.get(name, name)


def teller(origin: str) -> Words:
    """Who tells events of this origin."""
    return _TELLERS.get(origin, origin)


def correction(code: str) -> Words:
    """What cleaning corrected, as words that follow the name of what it looked at: clock, reading."""
    return _CORRECTIONS.get(code, code)


def way_of_consent(way: str) -> Words:
    return _WAYS_OF_CONSENT.get(way, way)


def import_state(state: str) -> Words:
    return _IMPORT_STATES.get(state, state)


def quarantine_reason(reason: str) -> Words:
    return _QUARANTINE.get(reason, reason)


def is_quarantine_reason(reason: str) -> bool:
    return reason in _QUARANTINE


def kept_of_payload(row: Quarantined) -> Words:
    """How much was kept of what was sent, and what follows from that."""
    if row.is_whole:
        return pgettext("quarantine", "As it came. It is text, and nothing of it is carried out.")
    if row.payload:
        return pgettext(
            "quarantine",
            "It was too long, or held what can't be stored; what is here isn't all, "
            "so it can't be judged again.",
        )
    if row.reason == "robot":
        return pgettext("quarantine", "What robots send isn't kept, so it can't be judged again.")
    return pgettext("quarantine", "What was sent wasn't kept, so it can't be judged again.")


def outcome(name: str) -> Words:
    """What became of an entry that was judged again: taken in, or the reason for which it stays out."""
    return _OUTCOMES[name] if name in _OUTCOMES else quarantine_reason(name)


def timing(text: str) -> str:
    """When a schedule runs, as `core.jobs.registry` writes it, in the reader's language."""
    match text.split():
        case ["every", count, "min"]:
            return npgettext("timing", "every minute", "every %(n)s minutes", int(count)) % {"n": count}
        case ["every", count, "s"]:
            return npgettext("timing", "every second", "every %(n)s seconds", int(count)) % {"n": count}
        case ["daily", moment]:
            return pgettext("timing", "daily at %(time)s") % {"time": moment}
    return text


def job(name: str) -> Words:
    """What a job does; one without words shows its code name."""
    return _JOBS.get(name, name)
