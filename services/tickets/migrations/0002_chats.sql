-- Tickets that were a chat, and files that a message of a chat names. The second is no projection of tickets: rows that
-- the chat service asks for when it binds a file.

alter table ticket_list add column from_chat text;

create table chat_bindings (
    attachment_id uuid    not null,
    chat_id       uuid    not null,
    customer_id   text    not null,
    filename      text    not null,
    content_type  text    not null,
    size          bigint  not null,
    sha256        text    not null,
    primary key (attachment_id, chat_id)
);
create index on chat_bindings (sha256);
