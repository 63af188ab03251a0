"""Dates as people write them, and the time that a sentence says its fact holds for."""

import re
from datetime import date

from oneshot.errors import BadInputError
from oneshot.facts.language.text import brief

_MONTHS = "january february march april may june july august september october november december"
_MONTH = {name: i for i, name in enumerate(_MONTHS.split(), start=1)}
_MONTH |= {name[:3]: i for name, i in _MONTH.items()}
_NAMED = "|".join(sorted(_MONTH, key=len, reverse=True))
_DATE = rf"(?:\d{{1,2}} )?(?:(?:{_NAMED})\.? (?:\d{{1,2}}, )?)?\d{{4}}(?:-\d{{2}}){{0,2}}"
_FORMS = (
    re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2}))?)?"),
    re.compile(rf"(?:(?P<day>\d{{1,2}}) )?(?P<month>{_NAMED})\.? (?P<year>\d{{4}})"),
    re.compile(rf"(?P<month>{_NAMED})\.? (?P<day>\d{{1,2}}), (?P<year>\d{{4}})"),
)
_PERIOD = re.compile(
    rf",? (?:since (?P<since>{_DATE})|(?:until|till) (?P<until>{_DATE})|"
    rf"from (?P<first>{_DATE}) (?:to|until|till) (?P<last>{_DATE}))$",
    re.IGNORECASE,
)

_ON = re.compile(
    rf"\b(?:in|on|during|as of|back in|at the end of) (?P<date>{_DATE})\b", re.IGNORECASE
)


def asked_of(question: str) -> str | None:
    """The date that a question asks about ("Who was the CEO in 2018?"); None where there is none,
    or more than one.
    """
    found = {m["date"] for m in _ON.finditer(question)}
    try:
        return dated(found.pop()) if len(found) == 1 else None
    except BadInputError:
        return None


def dated(text: str | None) -> str | None:
    """A date as "2019", "2019-05" or "2019-05-03"; raises BadInputError for what is none."""
    if text is None:
        return None
    found = next((m for form in _FORMS if (m := form.fullmatch(text.strip().lower()))), None)
    if found is None:
        raise BadInputError(f"{brief(text)} is no date; give a year, or a date as 2019-05-03")
    year, month, day = (found.groupdict()[part] for part in ("year", "month", "day"))
    number = _MONTH[month] if month in _MONTH else int(month or 0)
    try:
        date(int(year), number or 1, int(day or 1))
    except ValueError as error:
        raise BadInputError(f"{brief(text)} is no date ({error}); give another") from error
    parts = (f"{part:02d}" for part in (number, int(day or 0)) if part)
    return "-".join([year, *parts])


def without_period(answer: str) -> tuple[str, str | None, str | None]:
    """An answer without the time that it ends in, and the two dates of that, None where open."""
    found = _PERIOD.search(answer)
    if found is None or not answer[: found.start()].strip():
        return answer, None, None
    since, until = found["since"] or found["first"], found["until"] or found["last"]
    return answer[: found.start()].rstrip(" ,"), dated(since), dated(until)


def holds(since: str | None, until: str | None, day: str) -> bool:
    """Whether a day ("2019-05-03") lies in a period; both its ends belong to it."""
    return (since is None or day[: len(since)] >= since) and (
        until is None or day[: len(until)] <= until
    )


def last_day(text: str) -> str:
    """The last day of a year or month, or the day itself; raises BadInputError for no date."""
    found = dated(text) or ""
    return found + "-12-31"[len(found) - 4 :] if len(found) < 10 else found
