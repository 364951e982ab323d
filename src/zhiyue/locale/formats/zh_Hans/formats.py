"""Chinese: 38,217 in groups of three, as people read it; Django would group by four."""

NUMBER_GROUPING = 3
THOUSAND_SEPARATOR = ","
DECIMAL_SEPARATOR = "."
DATE_FORMAT = "Y年n月j日"
SHORT_DATE_FORMAT = "n月j日"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "n月j日 H:i"
SHORT_DATETIME_FORMAT = "Y年n月j日 H:i"
