-- What a test's PostgreSQL database was like, and putting it back: rows, sequences, and the same tables.
CREATE SCHEMA kept;

CREATE FUNCTION kept.shape() RETURNS text LANGUAGE sql AS $$
    SELECT md5(string_agg(concat_ws(' ', of.oid, of.relname, of.relkind, of.relhastriggers, of.relnatts), ',' ORDER BY of.oid))
    FROM pg_class AS of WHERE of.relnamespace = 'public'::regnamespace
$$;

CREATE TABLE kept.shapes AS SELECT kept.shape() AS shape;

CREATE TABLE kept.counters AS
    SELECT format('%I.%I', schemaname, sequencename)::regclass AS counter, start_value, last_value
    FROM pg_sequences WHERE schemaname = 'public';

DO $$
DECLARE
    one regclass;
BEGIN
    FOR one IN SELECT oid::regclass FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    LOOP
        EXECUTE format('CREATE TABLE kept.%I AS TABLE %s', 'rows_of_' || one::oid::text, one);
    END LOOP;
END
$$;

CREATE FUNCTION kept.put_back() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    one regclass;
BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
    IF kept.shape() IS DISTINCT FROM (SELECT shape FROM kept.shapes) THEN
        RAISE EXCEPTION 'its tables are not what they were';
    END IF;
    SET LOCAL session_replication_role = replica;
    SET LOCAL lock_timeout = '5s';
    FOR one IN SELECT oid::regclass FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    LOOP
        EXECUTE format('DELETE FROM %s', one);
        EXECUTE format('INSERT INTO %s OVERRIDING SYSTEM VALUE SELECT * FROM kept.%I', one, 'rows_of_' || one::oid::text);
    END LOOP;
    PERFORM setval(counter, coalesce(last_value, start_value), last_value IS NOT NULL) FROM kept.counters;
END
$$;
