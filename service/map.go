package service

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// MapKind is the kind of the one record that a tenant's map is, by the number [MapID]. Whatever changes the graph writes it,
// once a transaction, so that copies in memory know what to read anew. Who may read it may ask questions. Its history says
// what moved when.
const (
	MapKind = "service_map"
	MapID   = "map"
)

// Map is the record of a tenant's map.
type Map struct {
	itsm.Head
	// Moved names the services, items and relations that moved with the last version, which came after version Base.
	Moved []string `json:"moved,omitempty"`
	Base  int64    `json:"base"`
}

const (
	triggerOpenMap lifecycle.Trigger = "open_map"
	triggerMove    lifecycle.Trigger = "move"
)

// Moving names what moves in the map.
type Moving struct {
	What itsm.Ref `json:"what"`
}

var mapRef = itsm.Ref{Kind: MapKind, ID: MapID}

func mapLifecycle() lifecycle.Definition {
	kept := []lifecycle.State{"kept"}
	machinery := []itsm.Role{itsm.Machinery}
	return lifecycle.Definition{
		Name: MapKind, Version: 1, Initial: "kept",
		States: []lifecycle.StateRow{
			{Name: "kept", Title: "Kept", Phase: lifecycle.Active}, {Name: "closed", Title: "Closed", Phase: lifecycle.Closed},
		},
		Triggers: []lifecycle.TriggerRow{
			{Name: triggerMove, Title: "Move", Past: "moved"}, {Name: "close_map", Title: "Close", Past: "closed"},
		},
		Rows: []lifecycle.Transition{
			{From: kept, Trigger: triggerMove, Brings: []lifecycle.Need{{"what"}}, Roles: machinery},
			{From: kept, Trigger: "close_map", To: "closed", Roles: machinery},
		},
	}
}

func (s *Services) registerMap(k *itsm.Kernel) error {
	p, err := itsm.NewPractice[Map](k, itsm.Spec{Kind: MapKind, Series: "MAP", Lifecycle: mapLifecycle()})
	if err != nil {
		return err
	}
	itsm.Create(p, triggerOpenMap, "opened", func(u *itsm.Unit, _ *Map, _ Nothing) error {
		if u.Actor().Kind != itsm.System {
			return itsm.ErrDenied // it comes by itself
		}
		return nil
	})
	itsm.Handle(p, triggerMove, func(_ *itsm.Unit, m *Map, in Moving) error {
		if m.Base != m.Version { // the first of this transaction
			m.Base, m.Moved = m.Version, nil
		}
		if name := in.What.String(); !slices.Contains(m.Moved, name) {
			m.Moved = append(m.Moved, name)
		}
		return nil
	})
	itsm.Handle(p, "close_map", func(*itsm.Unit, *Map, Nothing) error { return nil })
	s.maps = &atlas{services: s, of: map[string]*tenantMap{}}
	return nil
}

// move writes that something moved in the map.
func (s *Services) move(u *itsm.Unit, what itsm.Ref) error {
	if err := u.Ensure(mapRef, triggerOpenMap, Nothing{}); err != nil {
		return err
	}
	return u.Do(mapRef, triggerMove, Moving{what})
}

// movedHere answers what moved in the transaction so far, which the store does not know.
func (s *Services) movedHere(u *itsm.Unit) (refs []itsm.Ref, err error) {
	var moved []string
	err = u.LookAt(mapRef, func(r itsm.Record) {
		if m := r.(*Map); m.Base == m.Version {
			moved = slices.Clone(m.Moved)
		}
	})
	if err != nil && !errors.Is(err, itsm.ErrNotFound) {
		return nil, err
	}
	return refsOf(moved)
}

func refsOf(names []string) ([]itsm.Ref, error) {
	refs := make([]itsm.Ref, len(names))
	for i, name := range names {
		if err := refs[i].UnmarshalText([]byte(name)); err != nil {
			return nil, err
		}
	}
	return refs, nil
}

// atlas holds the maps of tenants in memory, each read when somebody first asks.
type atlas struct {
	services *Services
	mu       sync.Mutex
	of       map[string]*tenantMap
}

// tenantMap is a copy of what the store says, as of a version of the map's record. The digest tells whether it was of the same
// history: a host's transaction that was rolled back leaves a version that came to nothing.
type tenantMap struct {
	mu      sync.RWMutex
	loaded  bool
	version int64
	digest  itsm.Digest
	moved   []string // with that version
	*network
}

// is reports whether the copy is what the record tells of.
func (t *tenantMap) is(m *Map) bool {
	return t.loaded && t.version == m.Version && t.digest == m.Digest
}

// ask hands the map of the actor's tenant to a question, where the actor may read it. Nothing moves in it meanwhile.
func (m *atlas) ask(ctx context.Context, question func(t *tenantMap) error) error {
	actor, err := itsm.ActorFrom(ctx)
	if err != nil {
		return err
	}
	k := m.services.Kernel()
	rec, err := k.Get(ctx, mapRef)
	if errors.Is(err, itsm.ErrNotFound) { // it is not there, or not for this actor
		if rec, err = k.Get(asSystem(ctx, actor.Tenant), mapRef); err == nil {
			return &itsm.Error{Code: itsm.ErrDenied.Code, Message: itsm.ErrDenied.Message, Args: map[string]string{
				"actor": actor.ID, "kind": MapKind, "verb": string(itsm.Read),
			}}
		}
	}
	if err != nil && !errors.Is(err, itsm.ErrNotFound) {
		return err
	}
	now, _ := rec.(*Map)
	return m.with(ctx, actor.Tenant, now, question)
}

// look is ask without an actor's rights.
func (m *atlas) look(ctx context.Context, tenant string, question func(t *tenantMap) error) error {
	now, err := m.now(ctx, tenant)
	if err != nil {
		return err
	}
	return m.with(ctx, tenant, now, question)
}

func (m *atlas) now(ctx context.Context, tenant string) (*Map, error) {
	rec, err := m.services.Kernel().Get(asSystem(ctx, tenant), mapRef)
	if err != nil && !errors.Is(err, itsm.ErrNotFound) {
		return nil, err
	}
	now, _ := rec.(*Map)
	return now, nil
}

func asSystem(ctx context.Context, tenant string) context.Context {
	return itsm.WithActor(ctx, itsm.Actor{ID: itsm.SystemID, Tenant: tenant, Kind: itsm.System})
}

func (m *atlas) with(ctx context.Context, tenant string, now *Map, question func(t *tenantMap) error) error {
	if now == nil {
		now = &Map{}
	}
	m.mu.Lock()
	t := m.of[tenant]
	if t == nil {
		t = &tenantMap{network: newNetwork(m.services)}
		m.of[tenant] = t
	}
	m.mu.Unlock()
	t.mu.RLock()
	if t.is(now) {
		defer t.mu.RUnlock()
		return question(t)
	}
	t.mu.RUnlock()
	if err := m.refresh(ctx, tenant, t); err != nil {
		return err
	}
	t.mu.RLock() // what others take in meanwhile is newer still
	defer t.mu.RUnlock()
	return question(t)
}

// refresh takes in what moved, or loads everything.
func (m *atlas) refresh(ctx context.Context, tenant string, t *tenantMap) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	now, err := m.now(ctx, tenant) // others may have waited here, and refreshed it
	if err != nil {
		return err
	}
	if now == nil {
		now = &Map{}
	}
	if t.is(now) {
		return nil
	}
	k := m.services.Kernel()
	ctx = asSystem(ctx, tenant)
	moved, follows, err := t.since(ctx, k)
	if err != nil {
		return err
	}
	if follows {
		err = t.take(ctx, moved)
	} else {
		err = t.load(ctx)
	}
	t.loaded = err == nil
	t.version, t.digest, t.moved = now.Version, now.Digest, now.Moved
	return err
}

// maxMoves is from how many moves on everything is read anew.
const maxMoves = 2000

// since answers what moved after the version that is here, and whether what is here is of the map's history.
func (t *tenantMap) since(ctx context.Context, k *itsm.Kernel) (moved []string, follows bool, err error) {
	if !t.loaded || t.version == 0 {
		return nil, false, nil
	}
	history, err := k.History(ctx, mapRef, t.version-1, maxMoves)
	if err != nil || len(history) == 0 || len(history) == maxMoves || history[0].Version != t.version || history[0].Digest != t.digest {
		if errors.Is(err, itsm.ErrNotFound) {
			err = nil
		}
		return nil, false, err
	}
	last := t.moved
	for _, e := range history[1:] {
		for _, ch := range e.Changes {
			if ch.Field == "moved" { // else the same moved again
				last = ch.To.List()
			}
		}
		moved = append(moved, last...)
	}
	return moved, true, nil
}
