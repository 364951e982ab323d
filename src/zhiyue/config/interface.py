"""Settings of the API: how it reads and answers, and what its schema says of itself."""

REST_FRAMEWORK = {
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["zhiyue.experience.api.renderers.OneJSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["zhiyue.experience.api.parsers.ShallowJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "zhiyue.experience.api.schema.Schema",
    "EXCEPTION_HANDLER": "zhiyue.experience.api.errors.answer",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Zhiyue API",
    "DESCRIPTION": "Courses, lessons, recommendations and one's own learning, for programs. Errors are problems as "
    "RFC 9457 has them, explained at /api/docs/problems/. Lists come page by page: follow `next` and `previous`.",
    "VERSION": "1",
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "LessonKind": ["article", "video", "audio"],
        "ReasonKind": "zhiyue.recommend.kinds.KINDS",
        "OfferKind": "zhiyue.experience.api.shapes.offers.OFFER_KINDS",
        "PriceLineKind": "zhiyue.experience.api.shapes.offers.LINE_KINDS",
        "OrderStatus": "zhiyue.experience.api.shapes.orders.ORDER_STATUSES",
        "PaymentStatus": "zhiyue.experience.api.shapes.orders.PAYMENT_STATUSES",
        "InvoiceStatus": "zhiyue.experience.api.shapes.orders.INVOICE_STATUSES",
        "InvoiceKind": "zhiyue.experience.api.shapes.orders.INVOICE_KINDS",
        "RefundStatus": "zhiyue.experience.api.shapes.refunds.REFUND_STATUSES",
        "RefundCause": "zhiyue.experience.api.shapes.refunds.REFUND_CAUSES",
        "RefundReason": "zhiyue.experience.api.shapes.refunds.REFUND_REASONS",
        "CouponAudience": "zhiyue.experience.api.shapes.sales.AUDIENCES",
        "CouponStanding": "zhiyue.experience.api.shapes.coupons.COUPON_STANDINGS",
        "DifferenceKind": "zhiyue.experience.api.shapes.sales.DIFFERENCE_KINDS",
        "DifferenceState": "zhiyue.experience.api.shapes.sales.DIFFERENCE_STATES",
        "RefundLineKind": "zhiyue.experience.api.shapes.refunds.REFUND_LINE_KINDS",
    },
    "TAGS": [
        {"name": "Ground", "description": "Where to begin."},
        {"name": "Catalogue", "description": "Courses, topics and teachers. Open to everybody."},
        {"name": "Lessons", "description": "The text of lessons that are open to whoever asks."},
        {"name": "Recommendations", "description": "What to learn next, and why."},
        {"name": "Me", "description": "Profile, courses, progress and list of whoever asks."},
        {
            "name": "Orders",
            "description": "What is for sale, its price, one's own orders, how they are paid and what goes back.",
        },
        {"name": "Events", "description": "What happened, for the log that everything here learns from."},
        {"name": "Sales", "description": "Everybody's orders, refunds and coupons, for staff."},
        {"name": "Activity", "description": "The academy in numbers, for staff."},
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}
