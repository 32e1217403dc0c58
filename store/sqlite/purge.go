package sqlite

import (
	"context"

	"github.com/itsmkit/itsmkit/internal/relational"
	"github.com/itsmkit/itsmkit/itsm"
)

// purge deletes records wholly. What they own may be of kinds that this program does not know.
func purge(ctx context.Context, c *conn, purges []itsm.VersionCheck) error {
	if len(purges) == 0 {
		return nil
	}
	var kinds []string
	var kind string
	err := c.all(ctx, `SELECT DISTINCT kind FROM itsm_writer`, nil, []any{&kind}, func() error {
		kinds = append(kinds, kind)
		return nil
	})
	if err != nil {
		return err
	}
	for _, p := range purges {
		for _, kind := range kinds {
			if err := purgeOwned(ctx, c, p.Key, kind); err != nil {
				return err
			}
		}
		if err := purgeOne(ctx, c, p.Key); err != nil {
			return err
		}
	}
	return nil
}

func purgeOwned(ctx context.Context, c *conn, owner itsm.Key, kind string) error {
	var owned []itsm.Key
	key := itsm.Key{Tenant: owner.Tenant, Kind: kind}
	err := c.all(ctx, `SELECT id FROM `+tableOf(kind)+` WHERE tenant = ?1 AND _owner_kind = ?2 AND _owner_id = ?3 AND _owner_id <> ''`,
		[]any{owner.Tenant, owner.Kind, owner.ID}, []any{&key.ID}, func() error {
			owned = append(owned, key)
			return nil
		})
	for _, key := range owned {
		if err == nil {
			err = purgeOne(ctx, c, key)
		}
	}
	return err
}

func purgeOne(ctx context.Context, c *conn, key itsm.Key) error {
	if _, err := c.exec(ctx, `DELETE FROM `+tableOf(key.Kind)+` WHERE tenant = ?1 AND id = ?2`, key.Tenant, key.ID); err != nil {
		return err
	}
	// A position that was the last would be given again: its event stays, without anything in it.
	if _, err := c.exec(ctx, `UPDATE itsm_event SET tenant = '', kind = '', id = '', version = position, body = x''
WHERE tenant = ?1 AND kind = ?2 AND id = ?3 AND position = (SELECT max(position) FROM itsm_event)`, key.Tenant, key.Kind, key.ID); err != nil {
		return err
	}
	for _, table := range []string{`itsm_event`, `itsm_row`, `itsm_timer`} {
		if _, err := c.exec(ctx, `DELETE FROM `+table+` WHERE tenant = ?1 AND kind = ?2 AND id = ?3`, key.Tenant, key.Kind, key.ID); err != nil {
			return err
		}
	}
	return nil
}

// tableOf is the name of a kind's table.
func tableOf(kind string) string { return relational.Quote((&relational.Kind{Name: kind}).Table()) }
