-- The kinds of records have a table each, which is made when a desk opens.
CREATE TABLE itsm_column (
	kind  TEXT NOT NULL,
	name  TEXT NOT NULL,
	class INTEGER NOT NULL,
	PRIMARY KEY (kind, name)
) WITHOUT ROWID;

-- Which columns the programs knew that wrote a kind. What a program without a column wrote is looked at again.
CREATE TABLE itsm_writer (
	kind    TEXT NOT NULL,
	columns TEXT NOT NULL,
	PRIMARY KEY (kind, columns)
) WITHOUT ROWID;

-- The position is the place in the feed: one transaction writes at a time, so it is the order of commits.
CREATE TABLE itsm_event (
	position INTEGER PRIMARY KEY,
	tenant   TEXT NOT NULL,
	kind     TEXT NOT NULL,
	id       TEXT NOT NULL,
	version  INTEGER NOT NULL,
	body     BLOB NOT NULL
);
CREATE UNIQUE INDEX itsm_event_of ON itsm_event (tenant, kind, id, version);

CREATE TABLE itsm_row (
	tenant   TEXT NOT NULL,
	kind     TEXT NOT NULL,
	id       TEXT NOT NULL,
	row_kind TEXT NOT NULL,
	row_id   INTEGER NOT NULL,
	key      TEXT NOT NULL,
	body     BLOB NOT NULL,
	PRIMARY KEY (tenant, kind, id, row_kind, row_id)
);
CREATE INDEX itsm_row_key ON itsm_row (tenant, row_kind, key, kind, id, row_id) WHERE key <> '';

CREATE TABLE itsm_timer (
	tenant     TEXT NOT NULL,
	kind       TEXT NOT NULL,
	id         TEXT NOT NULL,
	name       TEXT NOT NULL,
	generation INTEGER NOT NULL,
	due        INTEGER NOT NULL,
	claimed    INTEGER,
	action     TEXT NOT NULL,
	input      TEXT NOT NULL,
	PRIMARY KEY (tenant, kind, id, name)
);
CREATE INDEX itsm_timer_due ON itsm_timer (due, tenant, kind, id, name) WHERE claimed IS NULL;
CREATE INDEX itsm_timer_claimed ON itsm_timer (claimed) WHERE claimed IS NOT NULL;

CREATE TABLE itsm_receipt (
	tenant  TEXT NOT NULL,
	actor   TEXT NOT NULL,
	command TEXT NOT NULL,
	key     TEXT NOT NULL,
	expires INTEGER,
	body    BLOB NOT NULL,
	PRIMARY KEY (tenant, actor, command, key)
);
CREATE INDEX itsm_receipt_expires ON itsm_receipt (expires) WHERE expires IS NOT NULL;

CREATE TABLE itsm_subscription (
	name     TEXT NOT NULL PRIMARY KEY,
	revision INTEGER NOT NULL,
	body     BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE itsm_number (
	tenant TEXT NOT NULL,
	series TEXT NOT NULL,
	value  INTEGER NOT NULL,
	PRIMARY KEY (tenant, series)
) WITHOUT ROWID;
