-- The read models of the knowledge service. All of it can be made anew from the log.

create table kb_categories (
    slug        text primary key,
    title       text    not null,
    description text    not null,
    position    integer not null
);

create table articles (
    article_id     uuid primary key,
    -- DRAFT, PUBLISHED or ARCHIVED
    status         text        not null,
    -- of what is shown; of the draft while nothing was published yet
    slug           text        not null,
    title          text        not null,
    summary        text        not null,
    category       text        not null,
    tags           jsonb       not null,
    language       text        not null,
    body_markdown  text        not null,
    body_html      text        not null,
    contents       jsonb       not null,
    -- 0 while nothing was published yet
    version        integer     not null,
    published_at   timestamptz,
    -- what the authors have, with who changed it last and when
    draft          jsonb       not null,
    draft_by       jsonb       not null,
    draft_at       timestamptz not null,
    changed        boolean     not null,
    created_at     timestamptz not null,
    updated_at     timestamptz not null,
    revision       bigint      not null,
    position       bigint      not null
);
create index on articles (category, title) where status = 'PUBLISHED';
create index on articles (updated_at, article_id);

create table article_versions (
    article_id    uuid        not null,
    version       integer     not null,
    title         text        not null,
    summary       text        not null,
    category      text        not null,
    tags          jsonb       not null,
    language      text        not null,
    slug          text        not null,
    body_markdown text        not null,
    body_html     text        not null,
    contents      jsonb       not null,
    change_note   text        not null,
    from_version  integer,
    by            jsonb       not null,
    at            timestamptz not null,
    primary key (article_id, version)
);

-- every slug that an article has or had, so that old links redirect
create table article_slugs (
    slug       text primary key,
    article_id uuid not null
);

create table article_votes (
    article_id uuid primary key,
    yes        integer not null,
    no         integer not null
);

-- the last word of each voter; who that was is not known here
create table article_feedback (
    vote_id    text primary key,
    article_id uuid        not null,
    version    integer     not null,
    helpful    boolean     not null,
    comment    text,
    at         timestamptz not null
);
create index on article_feedback (article_id, at);

create table faq (
    faq_id          uuid primary key,
    question        text        not null,
    answer_markdown text        not null,
    answer_html     text        not null,
    category        text        not null,
    position        integer     not null,
    removed         boolean     not null,
    updated_at      timestamptz not null,
    revision        bigint      not null
);

create table kb_searches (
    search_id    text primary key,
    query        text        not null,
    -- the query's words in lower case, to count by
    words        text        not null,
    category     text,
    hits         integer     not null,
    engine       text        not null,
    at           timestamptz not null,
    chosen_slug  text,
    chosen_rank  integer
);
create index on kb_searches (at);

-- the search engine that is always there
create table article_search (
    article_id uuid primary key,
    slug       text   not null,
    title      text   not null,
    summary    text   not null,
    category   text   not null,
    body       text   not null,
    parts      jsonb  not null,
    revision   bigint not null,
    visible    boolean not null,
    vector     tsvector not null
);
create index on article_search using gin (vector);

-- the words that articles are spelt with, and in how many articles each stands
create table search_words (
    word     text primary key,
    articles integer not null
);
create index on search_words using gin (word public.gin_trgm_ops);
