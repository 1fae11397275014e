"""The forms of requests and answers. OpenAPI is generated from them; what they do not name is refused or left out."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from marshmallow import EXCLUDE, INCLUDE, RAISE, Schema, ValidationError, fields, post_load, pre_load, validate

from services.gateway import places
from services.gateway.policy import ROLES
from shared.events.catalog.tickets import Category, Priority, Status

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_LINE_BREAK = re.compile("[\r\n\u0085\u2028\u2029]")
_AS_OF_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)")
_SLUG = re.compile("[a-z0-9]+(-[a-z0-9]+)*")
_LANGUAGE = re.compile("[a-z]{2}")
MAX_LIMIT = 100
MAX_ATTACHMENTS = 10
MAX_TEXT = 20_000
MAX_TAGS = 20
MAX_VERSION = 1_000_000
ARTICLE_STATUSES = ("DRAFT", "PUBLISHED", "ARCHIVED")
SORTS = ("-updated_at", "updated_at", "-created_at", "created_at", "-priority", "priority")


class Text(fields.String):
    """Text for people: trimmed, with plain line breaks, without control characters; length after trimming."""

    def __init__(self, low: int, high: int, *, lines: bool = False, **kwargs: Any) -> None:
        # apispec reads the length from the validator; the check itself runs on the trimmed text.
        super().__init__(validate=validate.Length(min=low, max=high), **kwargs)
        self._lines = lines

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs).replace("\r\n", "\n").strip()
        if _CONTROL.search(text):
            raise ValidationError("Control characters are not allowed.")
        if not self._lines and _LINE_BREAK.search(text):
            raise ValidationError("Line breaks are not allowed.")
        return text


def without_nul(text: str) -> None:
    """Raise ValidationError where no database could keep the text."""
    if "\0" in text:
        raise ValidationError("NUL characters are not allowed.")


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


class Flag(fields.Boolean):
    """true or false, and nothing that only resembles them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Markdown(fields.String):
    """Kept as typed but for plain line breaks, because spaces mean something; no control characters."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=validate.Length(1, MAX_TEXT), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs).replace("\r\n", "\n")
        if _CONTROL.search(text):
            raise ValidationError("Control characters are not allowed.")
        return text


class Slug(fields.String):
    """The name of an article or category in an address."""

    def __init__(self, high: int = 90, **kwargs: Any) -> None:
        super().__init__(validate=validate.Length(1, high), metadata={"pattern": f"^{_SLUG.pattern}$"}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not _SLUG.fullmatch(text):
            raise ValidationError("Lower-case letters, digits and single dashes.")
        return text


def whole(**kwargs: Any) -> fields.Integer:
    return fields.Integer(strict=True, **kwargs)


def one_of(values: Any, **kwargs: Any) -> fields.String:
    return fields.String(validate=validate.OneOf([str(value) for value in values]), **kwargs)


class Input(Schema):
    class Meta:
        unknown = RAISE


class Query(Schema):
    """Parameters of an address; a single one that is given twice is an error, a list is given by repetition."""

    class Meta:
        unknown = RAISE

    @pre_load
    def single(self, data: Any, **_: Any) -> dict[str, Any]:
        values: dict[str, Any] = {}
        twice = {}
        for name, given in data.items():
            field = self.fields.get(name)
            if isinstance(field, fields.List):
                values[name] = given
            else:
                values[name] = given[0]
                if len(given) > 1 and field is not None:
                    twice[name] = ["Given more than once."]
        if twice:
            raise ValidationError(twice)
        return values


# Requests


class Attachments(fields.List[Any]):
    """Ids of files, each once."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(fields.UUID(), validate=validate.Length(max=MAX_ATTACHMENTS), load_default=list, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        ids = [str(one) for one in super()._deserialize(value, attr, data, **kwargs)]
        if len(set(ids)) != len(ids):
            raise ValidationError("The same file is named twice.")
        return ids


class Person(Input):
    """A customer on whose behalf an agent opens a ticket."""

    id = Text(1, 255, required=True)
    name = Text(1, 255, required=True)
    email = fields.Email(required=True, validate=validate.Length(max=255))
    account = Text(1, 255, required=True)


class OpenTicket(Input):
    subject = Text(3, 150, required=True)
    category = one_of(Category, required=True)
    priority = one_of(Priority, required=True)
    description = Text(1, 10_000, lines=True, required=True)
    attachments = Attachments()
    on_behalf_of = fields.Nested(Person, allow_none=True, load_default=None)
    follow_up_to = fields.UUID(allow_none=True, load_default=None)

    @post_load
    def texts(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if data["follow_up_to"] is not None:
            data["follow_up_to"] = str(data["follow_up_to"])
        return data


class PostMessage(Input):
    body = Text(1, 10_000, lines=True, required=True)
    attachments = Attachments()
    internal = Flag(load_default=False)


class RequestInformation(Input):
    body = Text(1, 10_000, lines=True, required=True)
    attachments = Attachments()


class ResolveTicket(Input):
    body = Text(1, 10_000, lines=True, allow_none=True, load_default=None)


class ReopenTicket(Input):
    reason = Text(1, 10_000, lines=True, allow_none=True, load_default=None)


class CloseTicket(Input):
    pass


class AssigneeIn(Input):
    id = Text(1, 255, required=True)
    name = Text(1, 255, required=True)


class AssignTicket(Input):
    assignee = fields.Nested(AssigneeIn, required=True, allow_none=True)


class ChangePriority(Input):
    priority = one_of(Priority, required=True)


class ChangeCategory(Input):
    category = one_of(Category, required=True)


class RateTicket(Input):
    score = whole(required=True, validate=validate.Range(1, 5))
    comment = Text(1, 2000, lines=True, allow_none=True, load_default=None)


class DraftIn(Input):
    """`body` is kept as typed: trimming would move the caret of someone who is still writing."""

    body = fields.String(required=True, validate=[validate.Length(max=10_000), without_nul])
    attachments = Attachments()


class MarkRead(Input):
    revision = whole(required=True, validate=validate.Range(0, 2**63 - 1))


def language(code: str) -> None:
    """Raises ValidationError unless it is a code of ISO 639-1 by its form."""
    if not _LANGUAGE.fullmatch(code):
        raise ValidationError("Two lower-case letters, such as en.")


class WriteArticle(Input):
    """All of an article's text; what is left out has its default."""

    title = Text(3, 150, required=True)
    category = Slug(60, required=True)
    body = Markdown(required=True)
    summary = Text(0, 300, load_default="")
    tags = fields.List(Text(1, 40), validate=validate.Length(max=MAX_TAGS), load_default=list)
    language = fields.String(validate=language, load_default="en", metadata={"pattern": f"^{_LANGUAGE.pattern}$"})
    slug = Slug(allow_none=True, load_default=None)


class PublishArticle(Input):
    change_note = Text(0, 300, load_default="")


class ArchiveArticle(Input):
    pass


class RestoreArticle(Input):
    version = whole(required=True, validate=validate.Range(1, MAX_VERSION))


class ArticleFeedback(Input):
    helpful = Flag(required=True)
    comment = Text(1, 2000, lines=True, allow_none=True, load_default=None)


class ChooseResult(Input):
    """Which result of a search was opened; `rank` 1 is the first."""

    slug = Slug(100, required=True)
    rank = whole(required=True, validate=validate.Range(1, 1000))


class PreviewText(Input):
    body = Markdown(required=True)


class WriteFaq(Input):
    question = Text(3, 200, required=True)
    answer = Markdown(required=True)
    category = Slug(60, required=True)
    position = whole(load_default=0, validate=validate.Range(0, 100_000))


class DevToken(Input):
    sub = Text(1, 255, required=True)
    name = Text(1, 255, required=True)
    email = fields.Email(required=True, validate=validate.Length(max=255))
    account = Text(1, 255, required=True)
    roles = fields.List(one_of(ROLES), required=True, validate=validate.Length(min=1, max=3))


# Parameters


class NoQuery(Query):
    pass


class PageQuery(Schema):
    """What a page keeps in its address is its own affair."""

    class Meta:
        unknown = EXCLUDE


class Consistent(Query):
    min_position = fields.Integer(load_default=None, validate=validate.Range(0, 2**63 - 1))


class ListTickets(Consistent):
    status = fields.List(one_of(Status), load_default=list)
    category = fields.List(one_of(Category), load_default=list)
    priority = fields.List(one_of(Priority), load_default=list)
    assignee = Text(1, 255, load_default=None)
    customer = Text(1, 255, load_default=None)
    q = Text(0, 200, load_default=None)
    sort = one_of(SORTS, load_default="-updated_at")
    limit = fields.Integer(load_default=25, validate=validate.Range(1, MAX_LIMIT))
    cursor = fields.String(load_default=None, validate=validate.Length(1, 1000))


class GetTicket(Consistent):
    as_of = fields.String(load_default=None, metadata={"description": "A revision, or a time with its zone."})

    @post_load
    def revision_or_time(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        given = data["as_of"]
        if given is None:
            return data
        if given.isascii() and given.isdigit() and len(given) <= 18:
            return {**data, "as_of": int(given)}
        if not _AS_OF_TIME.fullmatch(given) or not _is_time(given):
            raise ValidationError("Has to be a revision or a time such as 2026-01-31T09:30:00Z.", "as_of")
        return data


class ListMessages(Consistent):
    before = fields.String(load_default=None, validate=validate.Length(1, 1000))
    limit = fields.Integer(load_default=30, validate=validate.Range(1, MAX_LIMIT))


class Download(Consistent):
    inline = one_of(("0", "1"), load_default="0")


class ListArticles(Consistent):
    category = Slug(60, load_default=None)
    limit = fields.Integer(load_default=25, validate=validate.Range(1, MAX_LIMIT))
    cursor = fields.String(load_default=None, validate=validate.Length(1, 1000))


class GetArticle(Consistent):
    version = fields.Integer(load_default=None, validate=validate.Range(1, MAX_VERSION))


class SearchArticles(Query):
    q = Text(1, 200, required=True)
    category = Slug(60, load_default=None)
    limit = fields.Integer(load_default=10, validate=validate.Range(1, 50))
    offset = fields.Integer(load_default=0, validate=validate.Range(0, 1000))


class SuggestArticles(Query):
    q = Text(1, 200, required=True)
    limit = fields.Integer(load_default=5, validate=validate.Range(1, 10))


class ListFaq(Consistent):
    category = Slug(60, load_default=None)


class ListAuthored(Consistent):
    status = one_of(ARTICLE_STATUSES, load_default=None)
    category = Slug(60, load_default=None)
    q = Text(0, 200, load_default=None)
    limit = fields.Integer(load_default=MAX_LIMIT, validate=validate.Range(1, MAX_LIMIT))
    cursor = fields.String(load_default=None, validate=validate.Length(1, 1000))


class ListFeedback(Query):
    limit = fields.Integer(load_default=MAX_LIMIT, validate=validate.Range(1, MAX_LIMIT))


class ReportSearches(Query):
    days = fields.Integer(load_default=30, validate=validate.Range(1, 365))
    empty = one_of(("0", "1"), load_default="0", metadata={"description": "1: only what found nothing."})
    limit = fields.Integer(load_default=50, validate=validate.Range(1, MAX_LIMIT))


class ListEvents(Query):
    after = fields.Integer(load_default=-1, validate=validate.Range(-1, 2**63 - 1))
    limit = fields.Integer(load_default=100, validate=validate.Range(1, 500))


_NO_PLACE = "Has to be what the stream gave as id."


def _is_place(text: str) -> None:
    try:
        places.read(text, ())
    except ValueError as error:
        raise ValidationError(_NO_PLACE) from error


class Follow(Query):
    after = fields.String(load_default=None, validate=[validate.Regexp(places.PATTERN, error=_NO_PLACE), _is_place])
    ticket = fields.String(load_default=None, validate=validate.Length(1, 4096))


# Answers


def timestamp(**kwargs: Any) -> fields.String:
    return fields.String(metadata={"format": "date-time"}, **kwargs)


class CustomerOut(Schema):
    id = fields.String()
    name = fields.String()
    email = fields.String(metadata={"description": "Agents and the customer see it."})
    account = fields.String()


class AssigneeOut(Schema):
    id = fields.String()
    name = fields.String()


class AuthorOut(Schema):
    id = fields.String(allow_none=True)
    name = fields.String()
    role = one_of(("customer", "agent", "system"))


class AttachmentOut(Schema):
    id = fields.String()
    filename = fields.String()
    content_type = fields.String()
    size = fields.Integer(metadata={"description": "Bytes."})
    sha256 = fields.String()


class SatisfactionOut(Schema):
    score = fields.Integer()
    comment = fields.String(allow_none=True)
    rated_at = timestamp()


class LastMessageOut(Schema):
    author = fields.Nested(AuthorOut)
    at = timestamp()


class MessageOut(Schema):
    id = fields.String()
    author = fields.Nested(AuthorOut)
    body = fields.String()
    internal = fields.Boolean()
    attachments = fields.List(fields.Nested(AttachmentOut))
    created_at = timestamp()
    revision = fields.Integer()
    position = fields.Integer()


class MessageAnswer(MessageOut):
    ticket_revision = fields.Integer()
    ticket_status = one_of(Status)


class TicketOut(Schema):
    id = fields.String()
    number = fields.String(metadata={"description": "CF- and seven characters, to read out and search."})
    subject = fields.String()
    category = one_of(Category)
    priority = one_of(Priority)
    status = one_of(Status)
    description = fields.String()
    customer = fields.Nested(CustomerOut)
    assignee = fields.Nested(AssigneeOut, allow_none=True)
    created_at = timestamp()
    updated_at = timestamp()
    first_response_at = timestamp(allow_none=True)
    first_response_due_at = timestamp(allow_none=True)
    resolved_at = timestamp(allow_none=True)
    closed_at = timestamp(allow_none=True)
    closes_at = timestamp(allow_none=True)
    message_count = fields.Integer()
    unread_count = fields.Integer()
    attachments = fields.List(fields.Nested(AttachmentOut))
    attachment_count = fields.Integer()
    satisfaction = fields.Nested(SatisfactionOut, allow_none=True)
    last_message = fields.Nested(LastMessageOut, allow_none=True)
    follow_up_to = fields.String(allow_none=True)
    from_chat = fields.String(allow_none=True)
    allowed_actions = fields.List(fields.String())
    revision = fields.Integer()


class TicketAnswer(TicketOut):
    position = fields.Integer()


class TicketAsOf(TicketOut):
    messages = fields.List(
        fields.Nested(MessageOut), metadata={"description": "Only with as_of: the thread as it stood then."}
    )


class TicketList(Schema):
    items = fields.List(fields.Nested(TicketOut))
    next_cursor = fields.String(allow_none=True)
    total = fields.Integer()


class MessageList(Schema):
    items = fields.List(fields.Nested(MessageOut))
    next_cursor = fields.String(allow_none=True)
    total = fields.Integer()


class CardsOut(Schema):
    total = fields.Integer()
    open = fields.Integer()
    in_progress = fields.Integer()
    resolved = fields.Integer()


class StatisticsOut(Schema):
    total = fields.Integer()
    open = fields.Integer()
    in_progress = fields.Integer()
    waiting_on_customer = fields.Integer()
    resolved = fields.Integer()
    closed = fields.Integer()
    cards = fields.Nested(CardsOut)
    position = fields.Integer()


class HistoryEntryOut(Schema):
    position = fields.Integer()
    revision = fields.Integer()
    internal = fields.Boolean()
    name = fields.String()
    version = fields.Integer()
    at = timestamp()
    actor = fields.Nested(AuthorOut, allow_none=True)
    words = fields.String()
    data = fields.Dict()
    message_id = fields.String(allow_none=True)
    from_status = fields.String(allow_none=True)
    to_status = fields.String(allow_none=True)
    correlation_id = fields.String(allow_none=True)
    causation_id = fields.String(allow_none=True)


class HistoryOut(Schema):
    items = fields.List(fields.Nested(HistoryEntryOut))
    position = fields.Integer()


class DraftOut(Schema):
    body = fields.String()
    attachments = fields.List(fields.Nested(AttachmentOut))
    updated_at = timestamp(allow_none=True)


class UnreadOut(Schema):
    unread_count = fields.Integer()


class AgentsOut(Schema):
    items = fields.List(fields.Nested(AssigneeOut))


class MeOut(Schema):
    id = fields.String()
    name = fields.String()
    email = fields.String()
    account = fields.String()
    roles = fields.List(one_of(ROLES))


class DevPersonOut(Schema):
    sub = fields.String()
    name = fields.String()
    email = fields.String()
    account = fields.String()
    roles = fields.List(one_of(ROLES))
    title = fields.String()


class DevPeopleOut(Schema):
    items = fields.List(fields.Nested(DevPersonOut))


class TokenOut(Schema):
    access_token = fields.String()
    token_type = fields.String()
    expires_in = fields.Integer(metadata={"description": "Seconds."})


class LiveTicketOut(Schema):
    ticket = fields.String()
    expires_in = fields.Integer(metadata={"description": "Seconds."})


class EnvelopeOut(Schema):
    id = fields.String()
    name = fields.String()
    version = fields.Integer()
    stream = fields.String()
    revision = fields.Integer()
    position = fields.Integer()
    recorded_at = timestamp()
    data = fields.Dict()
    metadata = fields.Dict()


class EventsOut(Schema):
    items = fields.List(fields.Nested(EnvelopeOut))
    position = fields.Integer(metadata={"description": "Give it as after= to go on."})
    caught_up = fields.Boolean()


class KbCategoryOut(Schema):
    slug = fields.String()
    title = fields.String()
    description = fields.String()
    article_count = fields.Integer()


class KbCategoriesOut(Schema):
    items = fields.List(fields.Nested(KbCategoryOut))


class ArticleSummaryOut(Schema):
    id = fields.String()
    slug = fields.String()
    title = fields.String()
    summary = fields.String()
    category = fields.String()
    tags = fields.List(fields.String())
    language = fields.String()
    version = fields.Integer()
    updated_at = timestamp()


class ArticleListOut(Schema):
    items = fields.List(fields.Nested(ArticleSummaryOut))
    next_cursor = fields.String(allow_none=True)
    total = fields.Integer()


class HeadingOut(Schema):
    level = fields.Integer()
    id = fields.String()
    title = fields.String()


class HelpfulOut(Schema):
    yes = fields.Integer()
    no = fields.Integer()


class MyVoteOut(Schema):
    helpful = fields.Boolean()
    comment = fields.String(allow_none=True)


class ArticleLinkOut(Schema):
    slug = fields.String()
    title = fields.String()
    category = fields.String()


class ArticleOut(ArticleSummaryOut):
    body_markdown = fields.String()
    body_html = fields.String(metadata={"description": "Sanitised: to be shown as it is."})
    contents = fields.List(fields.Nested(HeadingOut))
    helpful = fields.Nested(HelpfulOut)
    my_vote = fields.Nested(MyVoteOut, allow_none=True)
    related = fields.List(fields.Nested(ArticleLinkOut))


class NameOut(Schema):
    name = fields.String()


class ArticleVersionOut(Schema):
    version = fields.Integer()
    title = fields.String()
    change_note = fields.String()
    from_version = fields.Integer(allow_none=True)
    by = fields.Nested(NameOut)
    at = timestamp()


class ArticleVersionsOut(Schema):
    items = fields.List(fields.Nested(ArticleVersionOut))


class SearchHitOut(Schema):
    slug = fields.String()
    title = fields.String()
    category = fields.String()
    snippet_html = fields.String(metadata={"description": "Escaped text with <mark> around what matched."})
    score = fields.Float(metadata={"description": "To be compared within one answer only."})


class SearchOut(Schema):
    search_id = fields.String()
    items = fields.List(fields.Nested(SearchHitOut))
    total = fields.Integer()
    facets = fields.Dict(
        keys=fields.String(), values=fields.Integer(), metadata={"description": "How many in each category."}
    )
    did_you_mean = fields.String(allow_none=True)
    engine = fields.String()


class SuggestionsOut(Schema):
    items = fields.List(fields.Nested(ArticleLinkOut))
    engine = fields.String()


class ArticleVoteAnswer(Schema):
    article_id = fields.String()
    version = fields.Integer()
    helpful = fields.Boolean()
    comment = fields.String(allow_none=True)
    position = fields.Integer()


class ArticleTextOut(Schema):
    """What an author writes."""

    slug = fields.String()
    title = fields.String()
    summary = fields.String()
    category = fields.String()
    tags = fields.List(fields.String())
    language = fields.String()
    body = fields.String()


class AuthoredArticleOut(ArticleSummaryOut):
    status = one_of(ARTICLE_STATUSES)
    changed = fields.Boolean(metadata={"description": "Whether the draft differs from what readers see."})
    published_at = timestamp(allow_none=True)
    created_at = timestamp()
    draft = fields.Nested(ArticleTextOut)
    draft_by = fields.Nested(AssigneeOut)
    draft_at = timestamp()
    allowed_actions = fields.List(fields.String())
    revision = fields.Integer()


class AuthoredArticleAnswer(AuthoredArticleOut):
    position = fields.Integer()


class AuthoredWithVotesOut(AuthoredArticleOut):
    helpful = fields.Nested(HelpfulOut)


class AuthoredListOut(Schema):
    items = fields.List(fields.Nested(AuthoredWithVotesOut))
    next_cursor = fields.String(allow_none=True)
    total = fields.Integer()


class AuthoredVersionOut(ArticleVersionOut):
    text = fields.Nested(ArticleTextOut)


class ArticleFeedbackItemOut(Schema):
    version = fields.Integer()
    helpful = fields.Boolean()
    comment = fields.String(allow_none=True)
    at = timestamp()


class ArticleFeedbackListOut(Schema):
    items = fields.List(fields.Nested(ArticleFeedbackItemOut))


class SearchCountOut(Schema):
    query = fields.String()
    searches = fields.Integer()
    without_result = fields.Integer()
    opened = fields.Integer()
    last_at = timestamp()


class SearchTotalsOut(Schema):
    searches = fields.Integer()
    without_result = fields.Integer()
    opened = fields.Integer()


class SearchReportOut(Schema):
    items = fields.List(fields.Nested(SearchCountOut))
    totals = fields.Nested(SearchTotalsOut)


class PreviewOut(Schema):
    body_html = fields.String(metadata={"description": "Sanitised: to be shown as it is."})
    contents = fields.List(fields.Nested(HeadingOut))


class FaqOut(Schema):
    id = fields.String()
    question = fields.String()
    answer_markdown = fields.String()
    answer_html = fields.String(metadata={"description": "Sanitised: to be shown as it is."})
    category = fields.String()
    position = fields.Integer(metadata={"description": "The order inside its category."})
    updated_at = timestamp()
    revision = fields.Integer()


class FaqListOut(Schema):
    items = fields.List(fields.Nested(FaqOut))


class HubCardOut(Schema):
    key = fields.String()
    title = fields.String()
    description = fields.String()
    url = fields.String(metadata={"format": "uri"})


class HubChatOut(Schema):
    """`available` false: the service is away, and nothing else here is known."""

    assistant = fields.Boolean()
    human = fields.Boolean()
    closes_at = timestamp(allow_none=True)
    queue_length = fields.Integer()
    opens_at = timestamp(allow_none=True)
    hours = fields.String(allow_none=True)
    timezone = fields.String(allow_none=True)
    available = fields.Boolean()


class HubKnowledgeOut(Schema):
    available = fields.Boolean()


class HubStatusOut(Schema):
    level = one_of(("OPERATIONAL", "DEGRADED", "OUTAGE", "MAINTENANCE", "UNKNOWN"))
    summary = fields.String()
    updated_at = timestamp(allow_none=True)
    url = fields.String(metadata={"format": "uri"})


class HubOut(Schema):
    cards = fields.List(fields.Nested(HubCardOut))
    chat = fields.Nested(HubChatOut)
    knowledge = fields.Nested(HubKnowledgeOut)
    status = fields.Nested(HubStatusOut)


class ProblemOut(Schema):
    """RFC 9457 problem details; a code may add members of its own."""

    class Meta:
        unknown = INCLUDE

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True)
    correlation_id = fields.String(required=True)
    errors = fields.Dict(keys=fields.String(), values=fields.Raw())


class UploadForm(Schema):
    file = fields.Raw(required=True, metadata={"type": "string", "format": "binary"})


class LiveOut(Schema):
    live = fields.Boolean()


class ReadyOut(Schema):
    ready = fields.Boolean()
    stopping = fields.Boolean()
    checks = fields.Dict(metadata={"description": "For each dependency: ok, error, age_seconds."})
