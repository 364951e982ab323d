"""The twin that sends nothing: the message is written to the log, for a demo and for developing."""

import logging

from zhiyue.facilities.notices.kinds import Sms

log = logging.getLogger(__name__)


class Console:
    is_console = True

    def send(self, sms: Sms) -> None:
        log.info("SMS to %s, template “%s”: %s", sms.phone, sms.template, dict(sms.values))
