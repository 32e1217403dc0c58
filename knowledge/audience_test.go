package knowledge_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/knowledge"
	"github.com/itsmkit/itsmkit/search"
)

func deskWith(c knowledge.Config) (*desk.Desk, error) {
	return desk.Open(context.Background(), desk.Config{Articles: c})
}

func TestAudiences(t *testing.T) {
	for _, c := range []struct {
		audience               knowledge.Audience
		ann, vera, cleo, hanna bool
	}{
		{knowledge.For(knowledge.Public), true, true, true, true},
		{knowledge.For(knowledge.Requesters), false, false, true, true},
		{knowledge.For(knowledge.Agents), true, true, false, false},
		{knowledge.For(knowledge.Group("hr")), false, false, false, true},
		{knowledge.For(knowledge.Group("hr"), knowledge.Agents), true, true, false, true},
		{knowledge.Audience{Allow: []string{knowledge.Public}, Deny: []string{knowledge.Group("hr")}}, true, true, true, false},
		{knowledge.Audience{Allow: []string{knowledge.Public}, Deny: []string{knowledge.Agents}}, false, false, true, true},
		{knowledge.Audience{Deny: []string{knowledge.Group("hr")}}, false, false, false, false},
	} {
		f := open(t, knowledge.Config{})
		a, err := f.Articles.Draft(f.adm, knowledge.Draft{Content: knowledge.Content{Text: knowledge.Text{Title: "Parking", Body: "Behind the house."}, Audience: c.audience}, Owner: "olga"})
		require.NoError(t, err)
		if len(c.audience.Allow) == 0 {
			_, err = f.Articles.Publish(f.adm, a.ID, knowledge.Publication{})
			f.refused(err, knowledge.ReasonAudience)
			continue
		}
		_, err = f.Articles.Publish(f.adm, a.ID, knowledge.Publication{})
		require.NoError(t, err)
		for name, who := range map[string]struct {
			ctx  context.Context
			sees bool
		}{"ann": {f.ann, c.ann}, "vera": {f.vera, c.vera}, "cleo": {f.cleo, c.cleo}, "hanna": {f.hanna, c.hanna}, "adm": {f.adm, true}} {
			_, err := f.Articles.Get(who.ctx, a.ID)
			assert.Equal(t, who.sees, err == nil, "%v: %s reads", c.audience, name)
			assert.Equal(t, who.sees, len(f.reads(who.ctx)) == 1, "%v: %s lists", c.audience, name)
			n, err := f.Articles.Count(who.ctx, itsm.Query{})
			require.NoError(t, err)
			assert.Equal(t, who.sees, n == 1, "%v: %s counts", c.audience, name)
			found, err := f.Search.Search(who.ctx, search.Query{Text: "parking", Snippets: true})
			require.NoError(t, err)
			if name != "adm" { // whom a denial of all agents would keep from it here
				assert.Equal(t, who.sees, found.Total == 1 && len(found.Hits) == 1, "%v: %s finds", c.audience, name)
			}
		}
	}
}

func TestReadersSeeNothingOfTheWriting(t *testing.T) {
	f := open(t, knowledge.Config{})
	f.draft(says("Draft", "x", knowledge.Public))
	id := f.published(says("VPN", "First.", knowledge.Public)).ID
	_, err := f.Articles.Revise(f.ann, id)
	require.NoError(t, err)
	_, err = f.Articles.Note(f.ann, id, "hush")
	require.NoError(t, err)

	assert.Equal(t, []string{id}, f.reads(f.cleo))
	a, err := f.Articles.Get(f.cleo, id)
	require.NoError(t, err)
	assert.Equal(t, "First.", a.Published.Get().Body)
	assert.Zero(t, a.Next)
	assert.Zero(t, a.Step)
	assert.Empty(t, a.Assignee+a.OpenedBy)
	_, err = f.Articles.History(f.cleo, id, 0, 0)
	require.ErrorIs(t, err, itsm.ErrDenied)
	_, err = f.Articles.At(f.cleo, id, 1)
	require.ErrorIs(t, err, itsm.ErrDenied)
	_, err = f.Articles.TextAt(f.cleo, id, start)
	require.ErrorIs(t, err, itsm.ErrDenied)
	editions, err := f.Articles.Editions(f.cleo, id)
	if err == nil {
		assert.Empty(t, editions)
	}
	for _, column := range []string{"step", "assignee"} {
		hidden := itsm.Where(column).Empty()
		_, err = f.Articles.List(f.cleo, itsm.Query{Filter: &hidden})
		require.Error(t, err, "nor may they ask for it")
	}
	_, err = f.Articles.Revise(f.cleo, id)
	require.ErrorIs(t, err, itsm.ErrDenied)
	_, err = f.Articles.Draft(f.cleo, knowledge.Draft{Content: says("Mine", "x", knowledge.Public)})
	require.ErrorIs(t, err, itsm.ErrDenied)
}

func TestWhoWorksOnAnArticle(t *testing.T) {
	f := open(t, knowledge.Config{})
	secret, err := f.Articles.Draft(f.ann, knowledge.Draft{Content: says("Salaries", "x", knowledge.Group("hr"))})
	require.NoError(t, err)
	_, err = f.Articles.Get(f.ann, secret.ID)
	require.NoError(t, err, "the owner")
	_, err = f.Articles.Get(f.vera, secret.ID)
	require.ErrorIs(t, err, itsm.ErrNotFound, "another agent, whom it is not for")
	_, err = f.Articles.Write(f.vera, secret.ID, knowledge.Writing{Content: says("x", "y", knowledge.Agents)})
	require.Error(t, err)
	assert.Empty(t, f.reads(f.vera))
	network, err := f.Articles.Draft(f.ann, knowledge.Draft{Content: says("Switches", "x", knowledge.Group("hr")), Group: "network"})
	require.NoError(t, err)
	_, err = f.Articles.Get(f.vera, network.ID)
	require.NoError(t, err, "of the group that looks after it")
	assert.Equal(t, []string{network.ID}, f.reads(f.vera))
	assert.Equal(t, []string{secret.ID, network.ID}, f.reads(f.ann))
	assert.Equal(t, []string{secret.ID, network.ID}, f.reads(f.adm))
}

func TestWrongTokens(t *testing.T) {
	f := open(t, knowledge.Config{})
	for _, token := range []string{"everybody", "group:", "person:ann", ""} {
		_, err := f.Articles.Draft(f.ann, knowledge.Draft{Content: says("x", "x", token)})
		require.ErrorIs(t, err, itsm.ErrInvalid, token)
	}
	tokens, err := knowledge.Tokens(context.Background(), nil, &itsm.Actor{ID: "bot", Tenant: "acme", Kind: itsm.Integration})
	require.NoError(t, err)
	assert.Equal(t, []string{knowledge.Public}, tokens)
}
