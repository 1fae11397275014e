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

-- Nobody but the owner of the functions below can lock it. One writer at a time gives positions in commit order, dense,
-- so that no reader can step over an event that is not visible yet.
create table if not exists events.append_turn ();

-- Several appends in one commit. Each is all or none by itself, and one that is refused spoils no other.
--   p_writes  [{append, stream, expected, command, events}]: the append that it belongs to; the revision that the stream
--             has to be at (-1 no stream, -2 any, -3 exists); how many events. No stream stands in it twice.
--   p_events  [{write, id, name, version, data, metadata}]: `write` counts p_writes from 1; in their order
-- One row for each write, in order: where its events stand; or why its append was refused, 'owner' or 'revision', with
-- the stream's last revision; or nothing, where another write of its append was refused.
-- A command or an event id that was there before ends the whole call with 23505: ask events.first_result. The way that
-- nearly every append takes has no look-up for repetitions, because the unique indexes find them.
create or replace function events.append_all(p_writes json, p_events json)
returns table (refused text, last_revision bigint, last_position bigint)
language plpgsql security definer set search_path = events, pg_temp as $$
declare
    w            record;
    e            record;
    v_revision   bigint;
    v_position   bigint;
    v_write      integer := 0;
    v_left       integer;
    v_spoilt     integer[] := '{}';
    v_appends    integer[];
    v_streams    text[];
    v_categories text[];
    v_counts     integer[];
    v_commands   uuid[];
    v_revisions  bigint[];
    v_positions  bigint[];
    v_refused    text[];
    v_rung       text[] := '{}';
begin
    -- what processes of the former version wait for, while both run
    perform pg_advisory_xact_lock(8246911);
    lock table append_turn in exclusive mode;
    for w in
        select * from json_to_recordset(p_writes)
            as r(append integer, stream text, expected bigint, command uuid, events integer)
    loop
        v_write := v_write + 1;
        v_appends[v_write] := w.append;
        v_streams[v_write] := w.stream;
        v_categories[v_write] := split_part(w.stream, '-', 1);
        v_counts[v_write] := w.events;
        v_commands[v_write] := w.command;
        v_positions[v_write] := null;
        -- order by and not max(): the plan is an index's last entry also while nothing is known of the table's size
        v_revision := coalesce(
            (select l.revision from log l where l.stream = w.stream order by l.revision desc limit 1), -1);
        v_revisions[v_write] := v_revision;
        v_refused[v_write] := case
            when not exists (
                select from owners o where o.category = v_categories[v_write] and o.owner = session_user) then 'owner'
            when not (w.expected in (v_revision, -2) or (w.expected = -3 and v_revision >= 0)) then 'revision'
        end;
        if v_refused[v_write] is not null then
            v_spoilt := v_spoilt || w.append;
        end if;
    end loop;

    v_position := coalesce((select l.position from log l order by l.position desc limit 1), -1);
    v_write := 0;
    for e in
        select * from json_to_recordset(p_events)
            as r(write integer, id uuid, name text, version integer, data json, metadata json)
    loop
        continue when v_appends[e.write] = any (v_spoilt);
        if v_write <> e.write then
            v_write := e.write;
            v_left := v_counts[v_write];
            if not v_categories[v_write] = any (v_rung) then
                v_rung := v_rung || v_categories[v_write];
            end if;
        end if;
        v_position := v_position + 1;
        v_revisions[v_write] := v_revisions[v_write] + 1;
        insert into log (position, stream, revision, category, event_id, command_id, events, name, version,
                         recorded_at, data, metadata)
        values (v_position, v_streams[v_write], v_revisions[v_write], v_categories[v_write], e.id,
                case when v_left = v_counts[v_write] then v_commands[v_write] end, v_left, e.name, e.version,
                clock_timestamp(), e.data, e.metadata);
        v_positions[v_write] := v_position;
        v_left := v_left - 1;
    end loop;

    -- who follows a category listens to its channel: nobody wakes for what does not concern him
    for i in 1 .. cardinality(v_rung) loop
        perform pg_notify('events_' || v_rung[i], v_position::text);
    end loop;
    return query select * from unnest(v_refused, v_revisions, v_positions);
end $$;

-- For processes of the former version, while both run.
create or replace function events.append(
    p_stream text, p_category text, p_expected bigint, p_command uuid,
    p_ids uuid[], p_names text[], p_versions integer[], p_data text[], p_metadata text[]
) returns table (first_revision bigint, last_revision bigint, last_position bigint)
language plpgsql security definer set search_path = events, pg_temp as $$
declare
    v_done record;
begin
    select * into v_done from append_all(
        json_build_array(json_build_object('append', 1, 'stream', p_stream, 'expected', p_expected,
                                           'command', p_command, 'events', cardinality(p_ids))),
        (select json_agg(json_build_object('write', 1, 'id', id, 'name', name, 'version', version,
                                           'data', data::json, 'metadata', metadata::json))
           from unnest(p_ids, p_names, p_versions, p_data, p_metadata) e(id, name, version, data, metadata)));
    if v_done.refused = 'owner' then
        raise exception 'role % does not own category %', session_user, p_category using errcode = 'SE003';
    elsif v_done.refused = 'revision' then
        raise exception 'stream % is at revision %', p_stream, v_done.last_revision
            using errcode = 'SE001', detail = v_done.last_revision::text;
    end if;
    return query select v_done.last_revision - cardinality(p_ids) + 1, v_done.last_revision, v_done.last_position;
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

-- For processes of the former version, while both run.
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
