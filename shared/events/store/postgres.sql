-- The event store on PostgreSQL. Every statement may be run again at any time.
create schema if not exists events;

create table if not exists events.log (
    position    bigint primary key,
    stream      text        not null,
    revision    bigint      not null,
    category    text        not null,
    event_id    uuid        not null,
    -- set on the first event of an append only: the command that caused them all
    command_id  uuid,
    -- how many events its append had, from this one on
    events      integer     not null,
    name        text        not null,
    version     integer     not null,
    recorded_at timestamptz not null,
    data        json        not null,
    metadata    json        not null
) with (fillfactor = 100);
create unique index if not exists log_stream on events.log (stream, revision);
create unique index if not exists log_event on events.log (event_id);
create unique index if not exists log_command on events.log (command_id) where command_id is not null;

-- who may append to which category: one login role each
create table if not exists events.owners (
    category text primary key,
    owner    name not null
);

-- Append all of the events or none; the codes by which a caller hears of what stands in the way:
--   SE001 wrong expected revision (detail: the stream's revision now)   SE003 not the owner of the category
--   23505 the command or an event id was there before: ask events.first_result
-- The way that nearly every append takes has no look-up for repetitions: the unique indexes find them.
create or replace function events.append(
    p_stream text, p_category text, p_expected bigint, p_command uuid,
    p_ids uuid[], p_names text[], p_versions integer[], p_data text[], p_metadata text[]
) returns table (first_revision bigint, last_revision bigint, last_position bigint)
language plpgsql security definer set search_path = events, pg_temp as $$
declare
    v_revision bigint;
    v_position bigint;
    v_count    integer := cardinality(p_ids);
begin
    if not exists (select from owners o where o.category = p_category and o.owner = session_user) then
        raise exception 'role % does not own category %', session_user, p_category using errcode = 'SE003';
    end if;

    -- One writer at a time gives positions in commit order, dense, so that no reader can step over an event that is
    -- not visible yet. It costs no more than NOTIFY does, which takes a global lock in each commit anyway.
    perform pg_advisory_xact_lock(8246911);

    -- order by and not max(): the plan is an index's last entry also while nothing is known of the table's size
    v_revision := coalesce(
        (select l.revision from log l where l.stream = p_stream order by l.revision desc limit 1), -1);
    -- expected: a revision, -1 no stream, -2 any, -3 exists
    if not (p_expected = v_revision or p_expected = -2 or (p_expected = -3 and v_revision >= 0)) then
        raise exception 'stream % is at revision %', p_stream, v_revision
            using errcode = 'SE001', detail = v_revision::text;
    end if;
    v_position := coalesce((select l.position from log l order by l.position desc limit 1), -1);

    for i in 1 .. v_count loop
        insert into log (position, stream, revision, category, event_id, command_id, events, name, version,
                         recorded_at, data, metadata)
        values (v_position + i, p_stream, v_revision + i, p_category, p_ids[i], case when i = 1 then p_command end,
                v_count - i + 1, p_names[i], p_versions[i], clock_timestamp(), p_data[i]::json, p_metadata[i]::json);
    end loop;
    notify events;
    first_revision := v_revision + 1;
    last_revision := v_revision + v_count;
    last_position := v_position + v_count;
    return next;
end $$;

-- Where an append stands that was made before under this command or with this event id; no row where there is none.
create or replace function events.first_result(p_command uuid, p_event_id uuid)
returns table (stream text, first_revision bigint, last_revision bigint, last_position bigint)
language sql stable security definer set search_path = events, pg_temp as $$
    with found as (
        (select l.stream, l.revision, l.events from log l where l.command_id = p_command)
        union all
        (select l.stream, l.revision, l.events from log l where l.event_id = p_event_id)
        limit 1
    )
    select f.stream, f.revision, l.revision, l.position
      from found f join log l on l.stream = f.stream and l.revision = f.revision + f.events - 1
$$;

-- What readers see of the log. A view and no function: a function's rows are gathered before the first is sent, which
-- takes three times as long.
create or replace view events.recorded as
select event_id, name, version, stream, revision, position, recorded_at, data, metadata, category from events.log;

create or replace function events.head() returns bigint
language sql stable security definer set search_path = events, pg_temp as $$
    select coalesce(max(position), -1) from log
$$;

do $$ begin
    if not exists (select from pg_roles where rolname = 'event_writer') then
        create role event_writer nologin;
    end if;
end $$;
revoke all on all tables in schema events from public, event_writer;
revoke all on all functions in schema events from public;
grant usage on schema events to event_writer;
grant execute on all functions in schema events to event_writer;
grant select on events.recorded to event_writer;
