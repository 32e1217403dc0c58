package postgres

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/itsmkit/itsmkit/search"
)

// Put adds and replaces documents; see [search.Index].
func (x *Index) Put(ctx context.Context, docs ...search.Document) error {
	_, err := x.write(ctx, docs, nil, nil)
	return err
}

// Remove takes documents away; see [search.Index].
func (x *Index) Remove(ctx context.Context, tenant string, refs ...search.Ref) error {
	if tenant == "" {
		return fmt.Errorf("%w: remove: give the tenant", search.ErrInvalid)
	}
	_, err := x.write(ctx, nil, map[string][]search.Ref{tenant: refs}, nil)
	return err
}

// Mark answers what was last written under a name; see [indexing.Shared].
func (x *Index) Mark(ctx context.Context, name string) (value int64, err error) {
	err = x.pool.QueryRow(ctx, `SELECT coalesce((SELECT value FROM `+x.schema+`.mark WHERE name = $1), 0)`, name).Scan(&value)
	return value, fault(ctx, err)
}

// Replace takes documents away, puts others and moves a mark, in one transaction; see [indexing.Shared].
func (x *Index) Replace(ctx context.Context, name string, from, to int64, put []search.Document, remove map[string][]search.Ref) (bool, error) {
	return x.write(ctx, put, remove, func(tx pgx.Tx) (bool, error) {
		done, err := tx.Exec(ctx, `UPDATE `+x.schema+`.mark SET value = $3 WHERE name = $1 AND value = $2`, name, from, to)
		if err == nil && from == 0 && done.RowsAffected() == 0 {
			done, err = tx.Exec(ctx, `INSERT INTO `+x.schema+`.mark VALUES ($1, $2) ON CONFLICT DO NOTHING`, name, to)
		}
		return done.RowsAffected() == 1, err
	})
}

// shelf is whose documents are ranked among each other.
type shelf struct{ tenant, language string }

// name is where a document stands.
type name struct {
	shelf shelf
	ref   search.Ref
}

func (x *Index) nameOf(tenant string, ref search.Ref) name {
	return name{shelf{tenant, x.reader.Language(ref.Locale)}, ref}
}

func compareNames(a, b name) int {
	return cmp.Or(compareShelves(a.shelf, b.shelf), cmp.Compare(a.ref.Kind, b.ref.Kind), cmp.Compare(a.ref.ID, b.ref.ID), cmp.Compare(a.ref.Locale, b.ref.Locale))
}

func compareShelves(a, b shelf) int {
	return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.language, b.language))
}

// write removes and puts documents in one transaction, where the mark says so. Of documents of one name the last is put.
func (x *Index) write(ctx context.Context, put []search.Document, remove map[string][]search.Ref, mark func(pgx.Tx) (bool, error)) (done bool, err error) {
	docs := map[name]*search.Document{}
	for i := range put {
		d := &put[i]
		if err := valid(d); err != nil {
			return false, fmt.Errorf("document %d of %d: %w", i+1, len(put), err)
		}
		docs[x.nameOf(d.Tenant, d.Ref)] = d
	}
	gone, everywhere := map[name]bool{}, map[string][]search.Ref{}
	for tenant, refs := range remove {
		for _, ref := range refs {
			switch {
			case !clean(tenant) || !clean(ref.Kind) || !clean(ref.ID) || !clean(ref.Locale): // no other is there
			case ref.Locale == "*":
				everywhere[tenant] = append(everywhere[tenant], ref)
			default:
				gone[x.nameOf(tenant, ref)] = true
			}
		}
	}
	for n := range docs {
		gone[n] = true
	}
	err = pgx.BeginTxFunc(ctx, x.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadWrite}, func(tx pgx.Tx) error {
		if mark != nil {
			if done, err = mark(tx); err != nil || !done {
				return err
			}
		}
		for tenant, refs := range everywhere {
			if err := x.locales(ctx, tx, tenant, refs, gone); err != nil {
				return err
			}
		}
		if len(gone) == 0 {
			return nil
		}
		c := &change{Index: x, tx: tx, shelves: map[shelf]*books{}}
		if err := c.open(ctx, gone, docs); err != nil {
			return err
		}
		if err := c.remove(ctx, slices.SortedFunc(maps.Keys(gone), compareNames)); err != nil {
			return err
		}
		if err := c.put(ctx, docs); err != nil {
			return err
		}
		return c.close(ctx)
	})
	if err = fault(ctx, err); err != nil {
		return false, err
	}
	return done, nil
}

// locales adds the names of documents in all locales that they are in.
func (x *Index) locales(ctx context.Context, tx pgx.Tx, tenant string, refs []search.Ref, names map[name]bool) error {
	var kinds, ids []string
	for _, ref := range refs {
		kinds, ids = append(kinds, ref.Kind), append(ids, ref.ID)
	}
	rows, err := tx.Query(ctx, `SELECT d.kind, d.id, d.locale FROM unnest($2::text[], $3::text[]) n (kind, id)
		JOIN `+x.schema+`.shelf s ON s.tenant = $1 JOIN `+x.schema+`.document d ON d.shelf = s.id AND d.kind = n.kind AND d.id = n.id`, tenant, kinds, ids)
	if err != nil {
		return err
	}
	var ref search.Ref
	_, err = pgx.ForEachRow(rows, []any{&ref.Kind, &ref.ID, &ref.Locale}, func() error {
		names[x.nameOf(tenant, ref)] = true
		return nil
	})
	return err
}

// change is a transaction that writes documents.
type change struct {
	*Index
	tx      pgx.Tx
	shelves map[shelf]*books
}

// books are what a change adds to the figures of a shelf.
type books struct {
	id                  int32
	docs, length, plain int64
	least               int32
	terms               map[string]*figures
}

type figures struct{ docs, most, before int32 }

// open makes the shelves of what is put, and finds and locks those of all, in an order that no other writer crosses.
func (c *change) open(ctx context.Context, all map[name]bool, put map[name]*search.Document) error {
	shelves, made := map[shelf]bool{}, map[shelf]bool{}
	for n := range all {
		shelves[n.shelf] = true
	}
	for n := range put {
		made[n.shelf] = true
	}
	batch := &pgx.Batch{}
	if len(made) > 0 {
		tenants, languages := columns(made)
		batch.Queue(`INSERT INTO `+c.schema+`.shelf (tenant, language) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING`, tenants, languages)
	}
	tenants, languages := columns(shelves)
	batch.Queue(`SELECT s.id, s.tenant, s.language FROM `+c.schema+`.shelf s JOIN unnest($1::text[], $2::text[]) n (tenant, language) USING (tenant, language)
		ORDER BY s.id FOR UPDATE OF s`, tenants, languages).Query(func(rows pgx.Rows) error {
		var id int32
		var s shelf
		_, err := pgx.ForEachRow(rows, []any{&id, &s.tenant, &s.language}, func() error {
			c.shelves[s] = &books{id: id, least: math.MaxInt32, terms: map[string]*figures{}}
			return nil
		})
		return err
	})
	return c.tx.SendBatch(ctx, batch).Close()
}

// columns are shelves as two columns, in order.
func columns(shelves map[shelf]bool) (tenants, languages []string) {
	for _, s := range slices.SortedFunc(maps.Keys(shelves), compareShelves) {
		tenants, languages = append(tenants, s.tenant), append(languages, s.language)
	}
	return tenants, languages
}

// remove deletes documents, and takes their words out of the books.
func (c *change) remove(ctx context.Context, names []name) error {
	var shelves []int32
	var kinds, ids, locales []string
	byID := map[int32]*books{}
	for _, n := range names {
		b := c.shelves[n.shelf]
		if b == nil { // nothing ever was there
			continue
		}
		byID[b.id] = b
		shelves = append(shelves, b.id)
		kinds, ids, locales = append(kinds, n.ref.Kind), append(ids, n.ref.ID), append(locales, n.ref.Locale)
	}
	rows, err := c.tx.Query(ctx, `DELETE FROM `+c.schema+`.document d USING unnest($1::int[], $2::text[], $3::text[], $4::text[]) n (shelf, kind, id, locale)
		WHERE d.shelf = n.shelf AND d.kind = n.kind AND d.id = n.id AND d.locale = n.locale
		RETURNING d.shelf, d.length, d.plain, d.counts::text`, shelves, kinds, ids, locales)
	if err != nil {
		return err
	}
	var shelf, length, plain int32
	var text []byte
	_, err = pgx.ForEachRow(rows, []any{&shelf, &length, &plain, &text}, func() error {
		var counts map[string]int32
		if err := json.Unmarshal(text, &counts); err != nil {
			return err
		}
		b := byID[shelf]
		b.docs--
		b.length -= int64(length)
		b.plain -= int64(plain)
		for t, n := range counts {
			f := b.of(t)
			f.docs--
			f.before = max(f.before, n)
		}
		return nil
	})
	return err
}

func (b *books) of(term string) *figures {
	f := b.terms[term]
	if f == nil {
		f = &figures{}
		b.terms[term] = f
	}
	return f
}

// put inserts documents, and adds their words to the books.
func (c *change) put(ctx context.Context, docs map[name]*search.Document) error {
	batch := &pgx.Batch{}
	for _, n := range slices.SortedFunc(maps.Keys(docs), compareNames) {
		d, b := docs[n], c.shelves[n.shelf]
		e := c.read(d, b.id, n.shelf.language)
		b.docs++
		b.length += int64(e.length)
		b.plain += int64(e.plain)
		b.least = min(b.least, e.length)
		for t, n := range e.counts {
			f := b.of(t)
			f.docs++
			f.most = max(f.most, n)
		}
		counts, err := json.Marshal(e.counts)
		if err != nil {
			return err
		}
		batch.Queue(`INSERT INTO `+c.schema+`.document (shelf, kind, id, locale, range, at, allow, deny, labels, length, plain, counts, words, title, body, keywords)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::text::jsonb, $13::text::tsvector, $14, $15, $16)`,
			b.id, d.Kind, d.ID, d.Locale, rangeOf(d.Locale), d.At.UnixMicro(), list(d.Allow), list(d.Deny), labelsOf(d.Labels), e.length, e.plain,
			string(counts), e.vector, text(d.Title), text(d.Body), texts(d.Keywords))
	}
	return c.tx.SendBatch(ctx, batch).Close()
}

// close writes the books. Terms are written in their order, though the lock on the shelf keeps others out.
func (c *change) close(ctx context.Context) error {
	batch := &pgx.Batch{}
	for _, s := range slices.SortedFunc(maps.Keys(c.shelves), compareShelves) {
		b := c.shelves[s]
		batch.Queue(`UPDATE `+c.schema+`.shelf SET docs = docs + $2, length = length + $3, plain = plain + $4, least = least(least, $5) WHERE id = $1`,
			b.id, b.docs, b.length, b.plain, b.least)
		var terms []string
		var docs, most []int32
		var fewer []string
		for _, t := range slices.Sorted(maps.Keys(b.terms)) {
			f := b.terms[t]
			if f.docs == 0 && f.most <= f.before {
				continue
			}
			terms, docs, most = append(terms, t), append(docs, f.docs), append(most, f.most)
			if f.docs < 0 {
				fewer = append(fewer, t)
			}
		}
		if len(terms) > 0 {
			batch.Queue(`INSERT INTO `+c.schema+`.term AS t SELECT $1, n.* FROM unnest($2::text[], $3::int[], $4::int[]) n (term, docs, most)
				ON CONFLICT (shelf, term) DO UPDATE SET docs = t.docs + excluded.docs, most = greatest(t.most, excluded.most)`, b.id, terms, docs, most)
		}
		if len(fewer) > 0 {
			batch.Queue(`DELETE FROM `+c.schema+`.term WHERE shelf = $1 AND term = ANY($2) AND docs <= 0`, b.id, fewer)
		}
	}
	return c.tx.SendBatch(ctx, batch).Close()
}
