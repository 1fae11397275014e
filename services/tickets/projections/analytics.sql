-- What analytics may rely on: columns are added, never changed or removed. Run after every migration and rebuild.
-- Nothing personal but in analytics.people, into which customer_id and agent_id are keys; the people of chats are in
-- analytics.chat_people.

create or replace view analytics.tickets as
select ticket_id, number, category, priority, status, account, customer_id, assignee_id as agent_id, opened_at,
       first_response_at, resolved_at, closed_at, customer_messages, agent_messages, reopened
  from tickets.ticket_facts;
comment on view analytics.tickets is 'One row a ticket, as it stands now. Times in UTC.';

create or replace view analytics.ticket_daily as
select day, category, priority, opened, first_answered, resolved, reopened, closed from tickets.ticket_days;
comment on view analytics.ticket_daily is 'What happened on each day (UTC), by the category and priority of that moment.';

create or replace view analytics.agent_daily as
select day, agent_id, replies, notes, first_answered, resolved from tickets.agent_days;
comment on view analytics.agent_daily is 'What each agent did on each day (UTC).';

create or replace view analytics.sla as
select ticket_id, number, category, priority, account, opened_at, first_response_due_at, first_response_at,
       extract(epoch from first_response_at - opened_at)::bigint as first_response_seconds,
       extract(epoch from resolved_at - opened_at)::bigint as resolution_seconds,
       coalesce(first_response_at, now()) > first_response_due_at as first_response_breached
  from tickets.ticket_facts;
comment on view analytics.sla is 'The promise of a first answer and whether it was kept; a missing answer counts once it is due.';

create or replace view analytics.satisfaction as
select ticket_id, number, category, priority, account, assignee_id as agent_id, score, rated_at
  from tickets.ticket_facts where score is not null;
comment on view analytics.satisfaction is 'The last rating of each rated ticket, 1 (bad) to 5 (good).';

create or replace view analytics.people as
select person_id, name, email, account, role from tickets.people;
comment on view analytics.people is 'The only personal data here: who the keys of the other views stand for.';

grant select on analytics.tickets, analytics.ticket_daily, analytics.agent_daily, analytics.sla,
                analytics.satisfaction, analytics.people to analytics_reader;
