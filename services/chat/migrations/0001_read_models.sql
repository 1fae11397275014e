-- Read models of the chat service. Each table belongs to one projection and can be made anew from the log; the last part
-- holds what is no projection: timers, and which agents are there.

create table chats (
    chat_id          uuid primary key,
    status           text        not null,
    customer_id      text        not null,
    customer_name    text        not null,
    customer_email   text        not null,
    customer_account text        not null,
    assignee_id      text,
    assignee_name    text,
    assigned_at      timestamptz,
    ticket_id        text,
    ticket_number    text,
    previous_chat    text,
    -- the customer's first words
    question         text,
    -- its place in the queue, kept while an agent has it
    waits_since      timestamptz,
    prolonged        boolean     not null,
    created_at       timestamptz not null,
    updated_at       timestamptz not null,
    ended_at         timestamptz,
    end_reason       text,
    -- when it ends by itself unless somebody writes
    ends_at          timestamptz,
    message_count    integer     not null,
    last_message     jsonb,
    revision         bigint      not null,
    position         bigint      not null
);
create index on chats (updated_at, chat_id);
create index on chats (customer_id, updated_at, chat_id);
create index on chats (status, waits_since, chat_id);
create index on chats (assignee_id, status);

create table messages (
    -- of a line of the system: its event's
    message_id  uuid primary key,
    chat_id     uuid        not null,
    revision    bigint      not null,
    position    bigint      not null,
    -- message, or what a line of the system is about
    kind        text        not null,
    author_id   text        not null,
    author_name text        not null,
    author_role text        not null,
    body        text        not null,
    attachments jsonb       not null,
    -- what the customer pressed
    button      jsonb,
    -- of the assistant's messages only
    sources     jsonb       not null,
    actions     jsonb       not null,
    confidence  double precision,
    intent      text,
    answered    boolean,
    engine      text,
    feedback    boolean,
    created_at  timestamptz not null
);
create index on messages (chat_id, position);

create table chat_facts (
    chat_id            uuid primary key,
    status             text        not null,
    account            text        not null,
    customer_id        text        not null,
    agent_id           text,
    ticket_id          text,
    started_at         timestamptz not null,
    requested_at       timestamptz,
    -- when the customer no longer wanted to wait, before any agent came
    withdrawn_at       timestamptz,
    accepted_at        timestamptz,
    ended_at           timestamptz,
    end_reason         text,
    customer_messages  integer     not null,
    assistant_messages integer     not null,
    agent_messages     integer     not null,
    unanswered         integer     not null,
    transfers          integer     not null,
    returns            integer     not null,
    -- what the customer has written since the last answer
    open_question      text        not null
);

create table chat_answers (
    message_id uuid primary key,
    question   text             not null,
    intent     text             not null,
    answered   boolean          not null,
    confidence double precision not null,
    engine     text             not null,
    source     text,
    at         timestamptz      not null,
    helpful    boolean
);
create index on chat_answers (at);

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

create table agents (
    person_id text primary key,
    name      text        not null,
    -- whether chats may be given to them, and how many at once
    available boolean     not null,
    capacity  integer     not null,
    seen_at   timestamptz not null
);
