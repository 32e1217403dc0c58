-- A shelf holds the documents of one tenant in one language, which are ranked among each other.
CREATE TABLE {schema}.shelf (
	id       integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	tenant   text COLLATE "C" NOT NULL,
	language text COLLATE "C" NOT NULL,
	docs     bigint NOT NULL DEFAULT 0,
	length   bigint NOT NULL DEFAULT 0, -- of all documents, weighted
	plain    bigint NOT NULL DEFAULT 0, -- and not
	least    integer NOT NULL DEFAULT 2147483647, -- no document is shorter
	UNIQUE (tenant, language)
) WITH (fillfactor = 50);

CREATE TABLE {schema}.document (
	number   bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
	shelf    integer NOT NULL,
	kind     text COLLATE "C" NOT NULL,
	id       text COLLATE "C" NOT NULL,
	locale   text COLLATE "C" NOT NULL,
	range    text COLLATE "C" NOT NULL, -- the locale in lower case with hyphens
	at       bigint NOT NULL, -- microseconds since 1970
	allow    text[] COLLATE "C" NOT NULL,
	deny     text[] COLLATE "C" NOT NULL,
	labels   text[] COLLATE "C" NOT NULL,
	length   integer NOT NULL,
	plain    integer NOT NULL,
	counts   jsonb NOT NULL, -- how often each term occurs, weighted
	words    tsvector NOT NULL, -- "shelf=term" and "shelf:form", titles with weight A, keywords B, bodies D
	title    text NOT NULL,
	body     text NOT NULL,
	keywords text[] NOT NULL,
	UNIQUE (shelf, kind, id, locale)
);

-- Every document that may be found is asked for its counts; what is asked of few may lie elsewhere.
ALTER TABLE {schema}.document ALTER counts SET STORAGE MAIN;

-- Words are many: they are collected before they go into the tree, but few, since every search reads all that is collected.
CREATE INDEX document_words ON {schema}.document USING gin (words) WITH (gin_pending_list_limit = 512);

CREATE TABLE {schema}.term (
	shelf integer NOT NULL,
	term  text COLLATE "C" NOT NULL,
	docs  integer NOT NULL, -- documents that have it
	most  integer NOT NULL, -- no document has it more often, weighted
	PRIMARY KEY (shelf, term)
) WITH (fillfactor = 70);

CREATE TABLE {schema}.mark (
	name  text COLLATE "C" PRIMARY KEY,
	value bigint NOT NULL
) WITH (fillfactor = 50);
