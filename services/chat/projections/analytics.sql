-- What analytics may rely on: columns are added, never changed or removed. Run after every migration and rebuild.
-- Nothing personal but in analytics.chat_people: customer_id and agent_id are keys into it. The people of tickets are in
-- analytics.people; who has both is in both, by the same person_id.

create or replace view analytics.chats as
select chat_id, status, account, customer_id, agent_id, ticket_id, started_at, requested_at, accepted_at, ended_at,
       end_reason, customer_messages, assistant_messages, agent_messages, unanswered,
       assistant_messages > 0 and requested_at is null and unanswered = 0 as answered_by_assistant,
       requested_at is not null as handed_over,
       extract(epoch from greatest(coalesce(withdrawn_at, accepted_at, ended_at, now()), requested_at)
                          - requested_at)::bigint as waited_seconds,
       transfers, returns, withdrawn_at
  from chat.chat_facts;
comment on view analytics.chats is 'One row a chat, as it stands now. Times in UTC; waited_seconds until the first agent came, or nobody waited.';

create or replace view analytics.chat_answers as
select message_id, at, intent, answered, confidence, engine, source, helpful from chat.chat_answers;
comment on view analytics.chat_answers is 'One row an answer of the assistant; helpful is the thumb that it got, if any.';

create or replace view analytics.chat_unanswered as
select at, intent, source, confidence, engine from chat.chat_answers where not answered;
comment on view analytics.chat_unanswered is 'When the assistant had no answer; agents read what was asked at GET /chats/unanswered.';

create or replace view analytics.chat_people as
select person_id, name, email, account, role from chat.people;
comment on view analytics.chat_people is 'The only personal data of chats here: who the keys of the other views of chats stand for.';

grant select on analytics.chats, analytics.chat_answers, analytics.chat_unanswered, analytics.chat_people to analytics_reader;
