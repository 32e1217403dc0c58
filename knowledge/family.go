package knowledge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/itsm"
)

// translates makes the article at hand a translation of another one, in a language that the family has not yet. The link
// writes to the original, so that two translations into one language meet there.
func (s *Articles) translates(u *itsm.Unit, r *Article, of string) error {
	var first string
	err := u.LookAt(itsm.Ref{Kind: Kind, ID: of}, func(o itsm.Record) {
		if a, ok := o.(*Article); ok {
			first = a.Family
		}
	})
	if err != nil && !errors.Is(err, itsm.ErrNotFound) || first == "" {
		return errors.Join(err, itsm.Invalid("translation_of", fmt.Sprintf("there is no article %q", of)))
	}
	family := itsm.Where("family").Is(first)
	relatives, err := u.Query(Kind, itsm.Query{Filter: &family, Limit: 1000})
	if err != nil {
		return err
	}
	for _, rec := range relatives {
		a := rec.(*Article)
		if strings.EqualFold(a.Locale, r.Locale) && a.State != StateDiscarded && a.State != StateRetired {
			return refuse(u, r, reason(ReasonTranslated, "locale", r.Locale, "article", a.ID))
		}
	}
	r.Family = first
	if r.NextTranslates, err = original(u, first); err != nil {
		return err
	}
	return u.Link(TranslationOf, itsm.Ref{Kind: Kind, ID: first})
}

// original is the present edition of the first article of a family.
func original(u *itsm.Unit, family string) (edition int64, err error) {
	err = u.LookAt(itsm.Ref{Kind: Kind, ID: family}, func(o itsm.Record) {
		if a, ok := o.(*Article); ok {
			edition = a.Edition
		}
	})
	if errors.Is(err, itsm.ErrNotFound) { // it was purged
		return 0, nil
	}
	return edition, err
}

// Translate begins a translation of an article, with its audience where the draft names none. It is refused where the family has
// an article of the locale.
func (s *Articles) Translate(ctx context.Context, id string, d Draft, with ...itsm.Option) (Article, error) {
	a, err := s.Get(ctx, id)
	if err != nil {
		return Article{}, err
	}
	if len(d.Audience.Allow) == 0 && len(d.Audience.Deny) == 0 {
		d.Audience = a.audience()
	}
	if d.Form == "" {
		d.Form = a.Form
	}
	d.TranslationOf = id
	return s.Draft(ctx, d, with...)
}

// Translation is an article of a family.
type Translation struct {
	Article Article
	// Stale tells that the original has a later edition than the one that it renders.
	Stale bool
}

// Translations answers the family of an article, as the actor may see it: the original first, then by language. Readers do
// not see editions, and so no staleness.
func (s *Articles) Translations(ctx context.Context, id string) ([]Translation, error) {
	a, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	relatives, err := s.family(ctx, a.Family)
	if err != nil {
		return nil, err
	}
	var present int64
	list := make([]Translation, 0, len(relatives))
	for _, r := range relatives {
		if r.ID == a.Family {
			present = r.Edition
		}
		list = append(list, Translation{Article: r})
	}
	for i := range list {
		r := &list[i].Article
		list[i].Stale = r.ID != a.Family && r.Edition > 0 && r.Translates < present
	}
	slices.SortFunc(list, func(x, y Translation) int {
		if first := x.Article.ID == a.Family; first != (y.Article.ID == a.Family) {
			if first {
				return -1
			}
			return 1
		}
		return strings.Compare(x.Article.Locale+" "+x.Article.ID, y.Article.Locale+" "+y.Article.ID)
	})
	return list, nil
}

func (s *Articles) family(ctx context.Context, family string) ([]Article, error) {
	of := itsm.Where("family").Is(family)
	page, err := s.List(ctx, itsm.Query{Filter: &of, Limit: 1000})
	return page.Records, err
}

// Best is the published article of a family in the language that suits a reader best.
type Best struct {
	Article Article
	// Wanted is the range of the reader's that it answers, such as "de-CH" answered by "de"; empty where none was and the
	// desk's language, or else the original, stands in.
	Wanted string
}

// Best answers an article in the best language: for each of the reader's locales in order, the longest match by RFC 4647,
// section 3.4 (lookup); then the desk's language; then the original; then any. It looks among what is published and the actor
// may read, and is itsm.ErrNotFound where that is nothing. The article that is named may itself be in no list, or retired:
// its number names the family.
func (s *Articles) Best(ctx context.Context, id string, locales ...string) (Best, error) {
	family, err := s.familyOf(ctx, id)
	if err != nil {
		return Best{}, err
	}
	relatives, err := s.family(ctx, family)
	if err != nil {
		return Best{}, err
	}
	relatives = slices.DeleteFunc(relatives, func(a Article) bool { return a.State != StatePublished })
	if len(relatives) == 0 {
		return Best{}, itsm.ErrNotFound
	}
	find := func(locale string) *Article {
		for i := range relatives {
			if strings.EqualFold(relatives[i].Locale, locale) {
				return &relatives[i]
			}
		}
		return nil
	}
	for _, wanted := range locales {
		for range_ := wanted; range_ != ""; range_ = shorter(range_) {
			if a := find(range_); a != nil {
				return Best{*a, wanted}, nil
			}
		}
	}
	if a := find(s.config.Locale); a != nil {
		return Best{*a, ""}, nil
	}
	if i := slices.IndexFunc(relatives, func(a Article) bool { return a.ID == family }); i >= 0 {
		return Best{relatives[i], ""}, nil
	}
	return Best{relatives[0], ""}, nil
}

// familyOf reads the family of any article by the system: what is answered of the family, the actor's rights say.
func (s *Articles) familyOf(ctx context.Context, id string) (string, error) {
	a, err := s.asSystem(ctx, id)
	return a.Family, err
}

func (s *Articles) asSystem(ctx context.Context, id string) (Article, error) {
	actor, err := itsm.ActorFrom(ctx)
	if err != nil {
		return Article{}, err
	}
	return s.Get(itsm.WithActor(ctx, itsm.Actor{ID: itsm.SystemID, Tenant: actor.Tenant, Kind: itsm.System}), id)
}

// maxFollowed bounds how many replacements are followed.
const maxFollowed = 32

// Follow answers the article that is read in place of one: itself, or where it was retired its replacement, and so on. It is
// itsm.ErrNotFound where one on the way, or the last one, is not for the actor, so that a redirect shows nobody what its
// audience kept from them.
func (s *Articles) Follow(ctx context.Context, id string) (Article, error) {
	actor, err := itsm.ActorFrom(ctx)
	if err != nil {
		return Article{}, err
	}
	tokens, err := Tokens(ctx, s.Kernel().Directory(), &actor)
	if err != nil {
		return Article{}, err
	}
	for range maxFollowed {
		a, err := s.asSystem(ctx, id)
		if err != nil {
			return Article{}, err
		}
		if a.State != StateRetired || a.Replacement.IsZero() {
			return s.Get(ctx, id)
		}
		if !a.audience().Includes(tokens) && s.Kernel().May(ctx, a.Ref(), itsm.Read) != nil {
			return Article{}, itsm.ErrNotFound
		}
		id = a.Replacement.ID
	}
	return Article{}, itsm.ErrNotFound
}

// shorter is a language range without its last subtag, and without a single letter that would then be last.
func shorter(tag string) string {
	i := strings.LastIndexByte(tag, '-')
	if i < 0 {
		return ""
	}
	tag = tag[:i]
	if i = strings.LastIndexByte(tag, '-'); i >= 0 && len(tag)-i == 2 {
		tag = tag[:i]
	}
	return tag
}

// validLocale says whether a text is well formed as a language tag: subtags of 1 to 8 letters and digits, the first of 2 to
// 8 letters (RFC 5646, without irregular ones).
func validLocale(tag string) bool {
	for i, sub := range strings.Split(tag, "-") {
		if len(sub) < 1 || len(sub) > 8 || i == 0 && len(sub) < 2 {
			return false
		}
		for _, c := range []byte(sub) {
			letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
			if !letter && (i == 0 || c < '0' || c > '9') {
				return false
			}
		}
	}
	return true
}
