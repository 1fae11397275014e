-- Read models of the tickets service. Each table belongs to one projection and can be made anew from the log;
-- the last part holds what is no projection: uploads, drafts and read marks.

create table ticket_list (
    ticket_id             uuid primary key,
    number                text        not null,
    subject               text        not null,
    category              text        not null,
    priority              text        not null,
    -- 0 low to 3 urgent, to sort by
    priority_rank         smallint    not null,
    status                text        not null,
    description           text        not null,
    customer_id           text        not null,
    customer_name         text        not null,
    customer_email        text        not null,
    customer_account      text        not null,
    assignee_id           text,
    assignee_name         text,
    created_at            timestamptz not null,
    updated_at            timestamptz not null,
    first_response_due_at timestamptz not null,
    first_response_at     timestamptz,
    resolved_at           timestamptz,
    closed_at             timestamptz,
    closes_at             timestamptz,
    message_count         integer     not null,
    attachment_count      integer     not null,
    attachments           jsonb       not null,
    follow_up_to          text,
    satisfaction          jsonb,
    last_message          jsonb,
    revision              bigint      not null,
    position              bigint      not null
);
create index on ticket_list (updated_at, ticket_id);
create index on ticket_list (created_at, ticket_id);
create index on ticket_list (priority_rank, ticket_id);
create index on ticket_list (customer_id, updated_at, ticket_id);
create index on ticket_list (status, updated_at, ticket_id);
create index on ticket_list (assignee_id, updated_at, ticket_id);
create index on ticket_list (category, updated_at, ticket_id);
create index on ticket_list (priority, updated_at, ticket_id);

create table statistics (
    -- 'all' with an empty scope_id, or 'customer' with the customer's id
    scope               text    not null,
    scope_id            text    not null,
    open                integer not null,
    in_progress         integer not null,
    waiting_on_customer integer not null,
    resolved            integer not null,
    closed              integer not null,
    primary key (scope, scope_id)
);

create table messages (
    message_id  uuid primary key,
    ticket_id   uuid        not null,
    revision    bigint      not null,
    position    bigint      not null,
    author_id   text        not null,
    author_name text        not null,
    author_role text        not null,
    body        text        not null,
    internal    boolean     not null,
    attachments jsonb       not null,
    created_at  timestamptz not null
);
create index on messages (ticket_id, position);

-- what a search looks through: number, subject and description of a ticket, and each message and note
create table search_texts (
    -- the message's or the note's, or the ticket's own
    text_id     uuid primary key,
    ticket_id   uuid     not null,
    customer_id text     not null,
    internal    boolean  not null,
    search      tsvector not null
);
create index on search_texts using gin (search);
create index on search_texts (customer_id);

create table attachment_bindings (
    attachment_id uuid    not null,
    -- the message's or the note's, or the ticket's own for a file of the description
    message_id    uuid    not null,
    ticket_id     uuid    not null,
    customer_id   text    not null,
    internal      boolean not null,
    filename      text    not null,
    content_type  text    not null,
    size          bigint  not null,
    sha256        text    not null,
    primary key (attachment_id, message_id)
);
create index on attachment_bindings (sha256);

create table ticket_facts (
    ticket_id             uuid primary key,
    number                text        not null,
    category              text        not null,
    priority              text        not null,
    status                text        not null,
    account               text        not null,
    customer_id           text        not null,
    assignee_id           text,
    opened_at             timestamptz not null,
    first_response_due_at timestamptz not null,
    first_response_at     timestamptz,
    resolved_at           timestamptz,
    closed_at             timestamptz,
    customer_messages     integer     not null,
    agent_messages        integer     not null,
    reopened              integer     not null,
    score                 smallint,
    rated_at              timestamptz
);

create table ticket_days (
    day            date    not null,
    category       text    not null,
    priority       text    not null,
    opened         integer not null,
    first_answered integer not null,
    resolved       integer not null,
    reopened       integer not null,
    closed         integer not null,
    primary key (day, category, priority)
);

create table agent_days (
    day            date    not null,
    agent_id       text    not null,
    replies        integer not null,
    notes          integer not null,
    first_answered integer not null,
    resolved       integer not null,
    primary key (day, agent_id)
);

create table people (
    person_id text primary key,
    name      text not null,
    -- of a customer: e-mail and account as last seen
    email     text,
    account   text,
    role      text not null
);

create table timers (
    process   text        not null,
    key       text        not null,
    due_at    timestamptz not null,
    caused_by text        not null,
    data      jsonb       not null,
    primary key (process, key)
);
create index on timers (process, due_at);

create table uploads (
    attachment_id uuid primary key,
    owner_id      text        not null,
    filename      text        not null,
    content_type  text        not null,
    size          bigint      not null,
    sha256        text        not null,
    -- moved on whenever a command is about to bind it, so that the clean-up keeps its hands off
    used_at       timestamptz not null
);
create index on uploads (sha256);
create index on uploads (used_at);

create table drafts (
    ticket_id   uuid        not null,
    person_id   text        not null,
    body        text        not null,
    attachments uuid[]      not null,
    updated_at  timestamptz not null,
    primary key (ticket_id, person_id)
);

create table read_marks (
    ticket_id uuid   not null,
    person_id text   not null,
    revision  bigint not null,
    primary key (ticket_id, person_id)
);
