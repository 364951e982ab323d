"""What an operator sets about selling: previews and gifts, orders, providers of payments, refunds, invoices, shares of
teachers. Read by `settings`, which they are part of."""

from zhiyue.config.environment import Environment, read_env_file

read_env_file()
env = Environment()
_IS_PRODUCTION = env.str("ZHIYUE_ENVIRONMENT", default="development") == "production"
_IS_DEMO = env.bool("ZHIYUE_DEMO", default=False)

ZHIYUE_PREVIEW_PERCENT: int = env.within("ZHIYUE_PREVIEW_PERCENT", 0, 100, default=15)
ZHIYUE_ORDER_MINUTES: int = env.int("ZHIYUE_ORDER_MINUTES", default=30)
ZHIYUE_GIFT_FRIENDS: int = env.within("ZHIYUE_GIFT_FRIENDS", 0, 100, default=3)
ZHIYUE_GIFT_DAYS: int = env.within("ZHIYUE_GIFT_DAYS", 1, 366, default=7)
ZHIYUE_GIFTS_A_DAY: int = env.within("ZHIYUE_GIFTS_A_DAY", 1, 1_000, default=5)
ZHIYUE_PAYMENT_PROVIDERS: list[str] = env.list(
    "ZHIYUE_PAYMENT_PROVIDERS", default=[] if _IS_PRODUCTION else ["sandbox"]
)
ZHIYUE_REFUND_DAYS: int = env.within("ZHIYUE_REFUND_DAYS", 0, 3_650, default=7)
ZHIYUE_REFUND_FEE_PERMILLE: int = env.within("ZHIYUE_REFUND_FEE_PERMILLE", 0, 1_000, default=0)
ZHIYUE_REFUND_FEE_LEAST_FEN: int = env.within("ZHIYUE_REFUND_FEE_LEAST_FEN", 0, 1_000_000, default=0)
ZHIYUE_MEMBERSHIP_REFUND_LESSONS: int = env.within("ZHIYUE_MEMBERSHIP_REFUND_LESSONS", 0, 100_000, default=10)
ZHIYUE_INVOICES = env.one_of(
    "ZHIYUE_INVOICES",
    {"off", "manual", "sandbox"},
    default="off" if _IS_PRODUCTION else "sandbox",
)
ZHIYUE_TEACHER_SHARE_PERMILLE: int = env.within(
    "ZHIYUE_TEACHER_SHARE_PERMILLE", 0, 1_000, default=500 if _IS_DEMO else 0
)
ZHIYUE_PAYOUT_AFTER_DAYS: int = env.within("ZHIYUE_PAYOUT_AFTER_DAYS", 0, 3_650, default=15)
ZHIYUE_PAYOUT_LEAST_FEN: int = env.within("ZHIYUE_PAYOUT_LEAST_FEN", 0, 100_000_000, default=10_000)
ZHIYUE_ALIPAY_APP_ID: str = env.str("ZHIYUE_ALIPAY_APP_ID", default="")
ZHIYUE_ALIPAY_SELLER_ID: str = env.str("ZHIYUE_ALIPAY_SELLER_ID", default="")
ZHIYUE_ALIPAY_PRIVATE_KEY: str = env.secret("ZHIYUE_ALIPAY_PRIVATE_KEY")
ZHIYUE_ALIPAY_PUBLIC_KEY: str = env.secret("ZHIYUE_ALIPAY_PUBLIC_KEY")
ZHIYUE_ALIPAY_ENDPOINT: str = env.str("ZHIYUE_ALIPAY_ENDPOINT", default="")
ZHIYUE_WECHATPAY_APP_ID: str = env.str("ZHIYUE_WECHATPAY_APP_ID", default="")
ZHIYUE_WECHATPAY_MERCHANT_ID: str = env.str("ZHIYUE_WECHATPAY_MERCHANT_ID", default="")
ZHIYUE_WECHATPAY_CERTIFICATE_SERIAL: str = env.str("ZHIYUE_WECHATPAY_CERTIFICATE_SERIAL", default="")
ZHIYUE_WECHATPAY_PRIVATE_KEY: str = env.secret("ZHIYUE_WECHATPAY_PRIVATE_KEY")
ZHIYUE_WECHATPAY_APIV3_KEY: str = env.secret("ZHIYUE_WECHATPAY_APIV3_KEY")
ZHIYUE_WECHATPAY_PUBLIC_KEY: str = env.secret("ZHIYUE_WECHATPAY_PUBLIC_KEY")
ZHIYUE_WECHATPAY_PUBLIC_KEY_ID: str = env.str("ZHIYUE_WECHATPAY_PUBLIC_KEY_ID", default="")
ZHIYUE_WECHATPAY_APP_SECRET: str = env.secret("ZHIYUE_WECHATPAY_APP_SECRET")
ZHIYUE_WECHATPAY_OAUTH_ENDPOINT: str = env.str("ZHIYUE_WECHATPAY_OAUTH_ENDPOINT", default="").rstrip("/")
ZHIYUE_WECHATPAY_ENDPOINT: str = env.str("ZHIYUE_WECHATPAY_ENDPOINT", default="").rstrip("/")
ZHIYUE_STRIPE_SECRET_KEY: str = env.secret("ZHIYUE_STRIPE_SECRET_KEY")
ZHIYUE_STRIPE_WEBHOOK_SECRET: str = env.secret("ZHIYUE_STRIPE_WEBHOOK_SECRET")
ZHIYUE_STRIPE_ENDPOINT: str = env.str("ZHIYUE_STRIPE_ENDPOINT", default="").rstrip("/")
