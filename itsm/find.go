package itsm

import (
	"context"
	"slices"
)

// Series answers what the numbers of a kind begin with, such as "INC"; empty for a kind that nobody registered.
func (k *Kernel) Series(kind string) string {
	if kd := k.kinds[kind]; kd != nil {
		return kd.series
	}
	return ""
}

// May answers nil where the authorizer grants the actor a verb on a record, or on a kind where the ref has no number:
// what the record's lifecycle says is not asked. A record that the actor may not see is ErrNotFound.
func (k *Kernel) May(ctx context.Context, ref Ref, v Verb) error {
	do := Action{Kind: ref.Kind, Verb: v}
	if ref.ID != "" {
		_, err := glance(k, ctx, ref, func(x *tx, _ *kind, rec Record) (Record, error) {
			return nil, k.auth.Permit(ctx, x.actor, do, rec)
		})
		return err
	}
	actor, err := actorFrom(ctx)
	if err != nil {
		return err
	}
	if _, err := k.kindOf(ref.Kind); err != nil {
		return err
	}
	return k.auth.Permit(ctx, actor, do, nil)
}

// Rows answers up to limit rows of a record with an id above after, in order, as the actor may see them; limit 0 means
// all. The ids of a version's rows begin at the version times 65,536, so that the newest rows of a long record can be
// read alone. What it answers are copies.
func (k *Kernel) Rows(ctx context.Context, ref Ref, rows RowKind, after int64, limit int) ([]Row, error) {
	return view(k, ctx, ref, func(x *tx, kd *kind, rec Record) ([]Row, error) {
		mask := k.auth.Mask(ctx, x.actor, kd.name)
		if hides(mask, rows) {
			return nil, nil
		}
		found, err := x.snap.Rows(ctx, nil, rec.Header().Key(), rows, after, limit)
		for i := range found {
			found[i] = found[i].copied()
		}
		return found, err
	})
}

// hides reports whether a mask keeps rows from who wants them as they are stored: comments too where it hides work
// notes, because some of them are internal.
func hides(mask []string, rows RowKind) bool {
	return slices.Contains(mask, string(rows)) || rows == Comments && slices.Contains(mask, string(WorkNotes))
}

// FindRows answers the rows of a kind that have a key, in order of the records and at most 100, of the records that the
// actor may see. It costs what it finds. What it answers are copies.
func (k *Kernel) FindRows(ctx context.Context, rows RowKind, key string) (_ []Row, err error) {
	actor, err := actorFrom(ctx)
	if err != nil {
		return nil, err
	}
	if !k.open {
		return nil, Invalid("kernel", "call Open before FindRows")
	}
	x, err := k.begin(ctx, actor)
	if err != nil {
		return nil, err
	}
	defer x.leave(&err)
	snap, err := x.snapshot()
	if err != nil {
		return nil, err
	}
	found, err := snap.FindRows(ctx, nil, actor.Tenant, rows, key, maxFound)
	if err != nil {
		return nil, err
	}
	kept := found[:0]
	for _, row := range found {
		if hides(k.auth.Mask(ctx, actor, row.Record.Kind), rows) {
			continue
		}
		rec, err := snap.Get(ctx, row.Record)
		if err != nil {
			return nil, err
		}
		if k.auth.Permit(ctx, actor, Action{Kind: row.Record.Kind, Verb: Read}, rec) == nil {
			kept = append(kept, row.copied())
		}
	}
	return kept, nil
}

// Attach hangs a file on the record at hand, by a person; empty is who acts.
func (u *Unit) Attach(by string, f Attachment) error {
	if by == "" {
		by = u.person()
	}
	if f.Size < 0 {
		return Invalid("size", "a size is 0 or more bytes")
	}
	facts := fileFacts{Type: f.Type, Size: f.Size, SHA256: f.SHA256, Location: f.Location}
	return u.AddRow(Attachments, "", facts, by, f.Name)
}

// maxFound bounds what one key finds.
const maxFound = 100
