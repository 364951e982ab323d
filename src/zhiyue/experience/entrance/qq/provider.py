"""What QQ tells of a person: a number of their own, a nickname, and no address."""

from typing import Any

from allauth.socialaccount.providers.base import ProviderAccount
from allauth.socialaccount.providers.oauth2.provider import OAuth2Provider

from zhiyue.experience.entrance.qq.views import QQAdapter


class QQAccount(ProviderAccount):  # type: ignore[misc]
    def get_avatar_url(self) -> str | None:
        found = self.account.extra_data
        return found.get("figureurl_qq_2") or found.get("figureurl_qq_1") or None

    def to_str(self) -> str:
        return str(self.account.extra_data.get("nickname") or super().to_str())


class QQProvider(OAuth2Provider):  # type: ignore[misc]
    id = "qq"
    name = "QQ"
    account_class = QQAccount
    oauth2_adapter_class = QQAdapter

    def get_default_scope(self) -> list[str]:
        return ["get_user_info"]

    def extract_uid(self, data: dict[str, Any]) -> str:
        """The union id is the same in all apps of one owner; QQ gives it where that was applied for."""
        return str(data.get("unionid") or data["openid"])

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        return {"name": data.get("nickname")}


provider_classes = [QQProvider]
