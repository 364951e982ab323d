"""The environment: which settings module every way in uses, the file that may hold it, and values that can't be
misread."""

import os
import re
from collections.abc import Collection
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.ipv6 import is_valid_ipv6_address

SETTINGS = "zhiyue.config.settings"
_YES_OR_NO = {"true", "on", "ok", "y", "yes", "1", "false", "off", "n", "no", "0", ""}


def choose_settings() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)


def env_file_path() -> Path:
    """Where the settings file of this installation lies, or would lie."""
    return Path(os.environ.get("ZHIYUE_ENV_FILE") or "zhiyue.env").resolve()


def env_file() -> Path | None:
    """The settings file, where there is one."""
    path = env_file_path()
    return path if path.is_file() else None


def read_env_file() -> None:
    """Take what the settings file says, as lines NAME=value. What the real environment says wins."""
    path = env_file()
    if path is None:
        return
    try:
        # Nothing but a line break ends a line: a name may hold what others take for one.
        lines = path.read_bytes().decode("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as why:
        raise ImproperlyConfigured(f"The settings file {path} can't be read ({why}).") from why
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, sign, value = text.partition("=")
        if not sign or not name.strip().isidentifier():
            raise ImproperlyConfigured(f"{path}, line {number}, must be NAME=value.")
        value = value.strip()
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        os.environ.setdefault(name.strip(), value)


class Environment(environ.Env):  # type: ignore[misc]
    """Reads variables; one that can't be used is an ImproperlyConfigured that names it."""

    def one_of(self, var: str, allowed: Collection[str], *, default: str) -> str:
        """One word of few. A misspelt one must not be taken for the default."""
        given: str = self.str(var, default=default)
        if given not in allowed:
            raise ImproperlyConfigured(f"{var} must be one of {', '.join(sorted(allowed))}, not “{given}”.")
        return given

    def days(self, var: str, *, default: int) -> int:
        """A number of days, 0 or more; a line without one is no line."""
        given: int = self.int(var) if self.str(var, default="").strip() else default
        if given < 0:
            raise ImproperlyConfigured(f"{var} must be 0 or a number of days, not {given}.")
        return given

    def within(self, var: str, least: int, most: int, *, default: int) -> int:
        """A whole number between these, both included."""
        given: int = self.int(var, default=default)
        if not least <= given <= most:
            raise ImproperlyConfigured(f"{var} must be {least} to {most}, not {given}.")
        return given

    def secret(self, var: str) -> str:
        """A secret, or a key of many lines: from the variable itself, or from the file that `var`_FILE names."""
        given: str = self.str(var, default="").strip()
        path: str = self.str(f"{var}_FILE", default="").strip()
        if not path:
            return given
        if given:
            raise ImproperlyConfigured(f"Set {var} or {var}_FILE, not both.")
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as why:
            raise ImproperlyConfigured(f"{var}_FILE names {path}, which can't be read ({why}).") from why

    def networks(self, var: str) -> list[str]:
        """Networks as 10.0.0.0/8 or fd00::/8, or single addresses, with commas; none where it is empty."""
        found = []
        for given in self.str(var, default="").replace(",", " ").split():
            try:
                found.append(str(ip_network(given)))
            except ValueError as wrong:
                raise ImproperlyConfigured(
                    f"{var} must be networks such as 10.0.0.0/8 or fd00::/8, with commas, not “{given}”: {wrong}."
                ) from wrong
        return found

    def place(self, var: str) -> str:
        """An address under which files of ours lie, without a slash at its end; empty: none."""
        given: str = self.str(var, default="").rstrip("/")
        if given and not re.fullmatch(r"file:///[^?#]+|s3://[^/?#]+(/[^?#]+)?", given):
            raise ImproperlyConfigured(
                f"{var} must be file:///folder or s3://bucket/prefix, and takes no “?” and no “#” (in a folder's name "
                f"%3F and %23; a bucket has settings of its own, ZHIYUE_S3_…), not “{given}”."
            )
        return given

    def spark(self, var: str) -> str:
        """The master of a Spark; empty: none."""
        given: str = self.str(var, default="").strip()
        if not given or re.fullmatch(r"local\[([1-9]\d*|\*)\]|yarn|k8s://\S+", given, re.ASCII):
            return given
        addresses = given.removeprefix("spark://")
        if addresses == given or not all(_is_address(one) for one in addresses.split(",")):
            raise ImproperlyConfigured(
                f"{var} must be local[cores], yarn, k8s://address or spark://host:port (several as "
                "spark://one:7077,two:7077; the port 1 to 65535, an IPv6 address in brackets, no “_” in a name), "
                f"not “{given}”."
            )
        return given

    def get_value(self, var: str, cast: Any = None, *args: Any, **kwargs: Any) -> Any:
        given = os.environ.get(var)
        if cast is bool and given is not None and given.strip().lower() not in _YES_OR_NO:
            raise ImproperlyConfigured(f"{var} must be true or false, not “{given}”.")
        try:
            return super().get_value(var, cast, *args, **kwargs)
        except ValueError as wrong:
            raise ImproperlyConfigured(f"{var} can't be “{given}”: {wrong}.") from wrong


def _is_address(given: str) -> bool:
    """Whether Spark takes this as the host and port of a master."""
    # A name as Java takes it: it sees no host in one with “_”.
    found = re.fullmatch(
        r"(?:[a-z\d](?:[a-z\d.-]*[a-z\d])?|\[(.+)\]):(\d{1,5})", given, re.ASCII | re.IGNORECASE
    )
    return (
        found is not None
        and 1 <= int(found[2]) <= 65535
        and (found[1] is None or is_valid_ipv6_address(found[1]))
    )
