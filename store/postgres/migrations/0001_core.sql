-- What all kinds of records share. The tables of the kinds are made when a program names them.
-- {schema} stands for the quoted name of the schema.

CREATE TABLE {schema}.kind_column (
	kind        text COLLATE "C" NOT NULL,
	name        text COLLATE "C" NOT NULL,
	class       smallint NOT NULL,
	PRIMARY KEY (kind, name)
);
COMMENT ON TABLE {schema}.kind_column IS 'The columns that the table of a kind has, and how each is kept: 1 text, 2 instant, 4 ordered bytes.';

CREATE TABLE {schema}.kind_format (
	kind        text COLLATE "C" NOT NULL,
	format      smallint NOT NULL,
	columns     text COLLATE "C" NOT NULL,
	PRIMARY KEY (kind, format)
);
COMMENT ON TABLE {schema}.kind_format IS 'Which columns the programs filled in that wrote rows with a format.';

CREATE TABLE {schema}.event (
	tenant      text COLLATE "C" NOT NULL,
	kind        text COLLATE "C" NOT NULL,
	id          text COLLATE "C" NOT NULL,
	version     bigint NOT NULL,
	seq         bigint NOT NULL,
	body        bytea NOT NULL,
	PRIMARY KEY (tenant, kind, id, version)
);
COMMENT ON TABLE {schema}.event IS 'Every event, as the bytes whose chain of digests is verified.';

CREATE SEQUENCE {schema}.commit_order AS bigint;

CREATE TABLE {schema}.outbox (
	seq         bigint NOT NULL DEFAULT nextval('{schema}.commit_order') PRIMARY KEY,
	tenant      text COLLATE "C" NOT NULL,
	kind        text COLLATE "C" NOT NULL,
	id          text COLLATE "C" NOT NULL,
	version     bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
COMMENT ON TABLE {schema}.outbox IS 'Committed events that have no position in the feed yet.';

CREATE TABLE {schema}.feed (
	position    bigint NOT NULL PRIMARY KEY,
	tenant      text COLLATE "C" NOT NULL,
	kind        text COLLATE "C" NOT NULL,
	id          text COLLATE "C" NOT NULL,
	version     bigint NOT NULL,
	seq         bigint NOT NULL
);
COMMENT ON TABLE {schema}.feed IS 'The order in which subscribers see the events; what was purged has no event any more.';

CREATE TABLE {schema}.sequencer (
	one         boolean NOT NULL DEFAULT true PRIMARY KEY CHECK (one),
	position    bigint NOT NULL
);
COMMENT ON TABLE {schema}.sequencer IS 'The last position that was given; its row is the lock of who gives positions.';
INSERT INTO {schema}.sequencer (position) VALUES (0);

CREATE TABLE {schema}.row (
	tenant      text COLLATE "C" NOT NULL,
	kind        text COLLATE "C" NOT NULL,
	id          text COLLATE "C" NOT NULL,
	row_kind    text COLLATE "C" NOT NULL,
	row_id      bigint NOT NULL,
	key         text COLLATE "C" NOT NULL,
	body        bytea NOT NULL,
	PRIMARY KEY (tenant, kind, id, row_kind, row_id)
);
COMMENT ON TABLE {schema}.row IS 'What hangs on records: comments, links, time entries.';
CREATE INDEX row_key ON {schema}.row (tenant, row_kind, key, kind, id, row_id) WHERE key <> '';

CREATE TABLE {schema}.timer (
	tenant      text COLLATE "C" NOT NULL,
	kind        text COLLATE "C" NOT NULL,
	id          text COLLATE "C" NOT NULL,
	name        text COLLATE "C" NOT NULL,
	generation  bigint NOT NULL,
	due         bigint NOT NULL,
	claimed     bigint,
	trigger     text COLLATE "C" NOT NULL,
	input       text COLLATE "C" NOT NULL,
	PRIMARY KEY (tenant, kind, id, name)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
COMMENT ON TABLE {schema}.timer IS 'Pending timers; due, and the end of a claim, in nanoseconds since 1970.';
CREATE INDEX timer_due ON {schema}.timer (due, tenant, kind, id, name) WHERE claimed IS NULL;
CREATE INDEX timer_claimed ON {schema}.timer (claimed) WHERE claimed IS NOT NULL;

CREATE TABLE {schema}.receipt (
	tenant      text COLLATE "C" NOT NULL,
	actor       text COLLATE "C" NOT NULL,
	command     text COLLATE "C" NOT NULL,
	key         text COLLATE "C" NOT NULL,
	input       bytea NOT NULL,
	ref_kind    text COLLATE "C" NOT NULL,
	ref_id      text COLLATE "C" NOT NULL,
	version     bigint NOT NULL,
	at          bigint NOT NULL,
	expires     bigint,
	PRIMARY KEY (tenant, actor, command, key)
);
COMMENT ON TABLE {schema}.receipt IS 'What commands with an idempotency key did; instants in nanoseconds since 1970, no end where expires is null.';
CREATE INDEX receipt_expires ON {schema}.receipt (expires) WHERE expires IS NOT NULL;

CREATE TABLE {schema}.subscription (
	name        text COLLATE "C" NOT NULL PRIMARY KEY,
	revision    bigint NOT NULL,
	position    bigint NOT NULL,
	body        bytea NOT NULL
);
COMMENT ON TABLE {schema}.subscription IS 'How far each subscriber came in the feed.';

CREATE TABLE {schema}.number (
	tenant      text COLLATE "C" NOT NULL,
	series      text COLLATE "C" NOT NULL,
	last        bigint NOT NULL,
	PRIMARY KEY (tenant, series)
) WITH (fillfactor = 10);
COMMENT ON TABLE {schema}.number IS 'The last number that each series gave.';

-- expect undoes the transaction unless a statement found its one row.
CREATE FUNCTION {schema}.expect(rows bigint) RETURNS void LANGUAGE plpgsql AS $expect$
BEGIN
	IF rows <> 1 THEN
		RAISE EXCEPTION 'itsm: somebody else wrote first' USING ERRCODE = 'IT001';
	END IF;
END
$expect$;

-- hold keeps names of records for the transaction: alone, or with others who make records. The order is the caller's.
CREATE FUNCTION {schema}.hold(keys bigint[], alone boolean[]) RETURNS void LANGUAGE plpgsql AS $hold$
BEGIN
	FOR i IN 1 .. array_length(keys, 1) LOOP
		IF alone[i] THEN
			PERFORM pg_advisory_xact_lock(keys[i]);
		ELSE
			PERFORM pg_advisory_xact_lock_shared(keys[i]);
		END IF;
	END LOOP;
END
$hold$;

-- stamp gives committed events their positions, unless the feed has enough after a position anyway, and tells whether it
-- looked. One does so at a time, so that positions ascend as they become visible.
CREATE FUNCTION {schema}.stamp(after bigint, wanted bigint, most bigint) RETURNS boolean LANGUAGE plpgsql AS $stamp$
DECLARE
	last bigint;
	moved bigint;
BEGIN
	IF wanted > 0 AND (SELECT count(*) FROM (SELECT FROM {schema}.feed WHERE position > after LIMIT wanted) f) >= wanted THEN
		RETURN false;
	END IF;
	IF NOT EXISTS (SELECT FROM {schema}.outbox) THEN
		RETURN true;
	END IF;
	SELECT position INTO STRICT last FROM {schema}.sequencer FOR UPDATE;
	WITH taken AS (
		DELETE FROM {schema}.outbox WHERE seq = ANY (ARRAY (SELECT seq FROM {schema}.outbox ORDER BY seq LIMIT greatest(most, 2000)))
		RETURNING seq, tenant, kind, id, version
	), placed AS (
		INSERT INTO {schema}.feed (position, tenant, kind, id, version, seq)
		SELECT last + row_number() OVER (ORDER BY seq), tenant, kind, id, version, seq FROM taken
		RETURNING position
	)
	SELECT count(*) INTO moved FROM placed;
	IF moved > 0 THEN
		UPDATE {schema}.sequencer SET position = last + moved;
	END IF;
	RETURN true;
END
$stamp$;
