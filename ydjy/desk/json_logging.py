"""Log lines: one JSON object each, and no identity number in any of them."""

import json
import logging
import re
from datetime import UTC, datetime

# 15 to 18 digits, as they stand or percent-encoded: what an identity number can look like in a URL.
_NUMBER = re.compile(r"(?<!\d)(\d{6})\d{5,8}(\d{3}[\dXx])(?!\d)")


def masked(text: str) -> str:
    return _NUMBER.sub(r"\1********\2", text)


class MaskNumbers(logging.Filter):
    """Masks whatever looks like an identity number, in the message and in its arguments."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = masked(record.getMessage()), None
        return True


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = masked(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)
