-- The least that an append with our promises costs: one writer at a time, dense positions, unique (stream, revision),
-- unique event ids, an expected revision, a wake-up. No rights, no command ids, no lists.
create schema bench;
create table bench.log (
    position    bigint primary key,
    stream      text        not null,
    revision    bigint      not null,
    event_id    uuid        not null,
    name        text        not null,
    recorded_at timestamptz not null,
    data        json        not null,
    metadata    json        not null,
    unique (stream, revision),
    unique (event_id)
);
create function bench.append(p_stream text, p_expected bigint, p_id uuid, p_name text, p_data text, p_metadata text)
returns bigint language plpgsql as $$
declare
    v_revision bigint;
    v_position bigint;
begin
    perform pg_advisory_xact_lock(1);
    select coalesce(max(revision), -1) into v_revision from bench.log where stream = p_stream;
    if v_revision <> p_expected then
        raise exception 'stream % is at revision %', p_stream, v_revision;
    end if;
    select coalesce(max(position), -1) + 1 into v_position from bench.log;
    insert into bench.log values
        (v_position, p_stream, v_revision + 1, p_id, p_name, clock_timestamp(), p_data::json, p_metadata::json);
    notify bench;
    return v_position;
end $$;
grant usage on schema bench to tickets;
grant all on all tables in schema bench to tickets;
