package knowledge

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
)

// Editions are rows of this kind: each edition of an article, by its number.
const Editions itsm.RowKind = "edition"

// Edition is a text as it was published.
type Edition struct {
	Number int64 `json:"number"`
	Content
	From time.Time `json:"from"`
	// By published it; it is not kept with the edition, and empty where the person was erased.
	By         string   `json:"-"`
	Translates int64    `json:"translates,omitempty"`
	Approval   itsm.Ref `json:"approval,omitzero"`
}

func keepEdition(u *itsm.Unit, e Edition) error {
	return u.AddRow(Editions, fmt.Sprint(e.Number), e, e.By, e.By)
}

// editionIn reads an edition of the article at hand, or nil.
func editionIn(u *itsm.Unit, number int64) (*Edition, error) {
	rows, err := u.Rows(Editions, 0, 0)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if row.Key == fmt.Sprint(number) {
			e, err := readEdition(row)
			return &e, err
		}
	}
	return nil, nil
}

func readEdition(row itsm.Row) (e Edition, err error) {
	if err = json.Unmarshal(row.Facts, &e); err != nil {
		return e, fmt.Errorf("knowledge: edition %s of %s: %w", row.Key, row.Record, err)
	}
	e.By, _ = row.Text()
	return e, nil
}

// Editions answers the editions of an article, the first one first. Readers do not see them.
func (s *Articles) Editions(ctx context.Context, id string) ([]Edition, error) {
	rows, err := s.Rows(ctx, id, Editions, 0, 0)
	if err != nil {
		return nil, err
	}
	list := make([]Edition, len(rows))
	for i, row := range rows {
		if list[i], err = readEdition(row); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// TextAt answers what readers saw at an instant, and who they were; it is itsm.ErrNotFound where nobody saw anything. It
// follows from the events, which it reads, and is for authors.
func (s *Articles) TextAt(ctx context.Context, id string, at time.Time) (Content, error) {
	was, err := s.AsOf(ctx, id, at)
	if err != nil {
		return Content{}, err
	}
	if !was.readable() {
		return Content{}, itsm.ErrNotFound
	}
	return was.content(), nil
}

// Difference is a line of one edition or of both.
type Difference struct {
	// Sign is '-' for a line of the former only, '+' for one of the latter only, and ' ' for one of both.
	Sign byte
	Line string
}

// Compare answers how the body of one edition becomes that of another, line by line; edition 0 is what is being written. It is
// itsm.ErrInvalid where there is no such edition. It costs the product of the lines that differ.
func (s *Articles) Compare(ctx context.Context, id string, from, to int64) ([]Difference, error) {
	editions, err := s.Editions(ctx, id)
	if err != nil {
		return nil, err
	}
	body := func(number int64) (string, error) {
		if number == 0 {
			a, err := s.Get(ctx, id)
			return a.Next.Get().Body, err
		}
		for _, e := range editions {
			if e.Number == number {
				return e.Body, nil
			}
		}
		return "", itsm.Invalid("edition", fmt.Sprintf("there is no edition %d", number))
	}
	a, err := body(from)
	if err != nil {
		return nil, err
	}
	b, err := body(to)
	if err != nil {
		return nil, err
	}
	return differences(strings.Split(a, "\n"), strings.Split(b, "\n")), nil
}

// maxCompared bounds the table of differences, in cells: beyond it the middle counts as wholly replaced.
const maxCompared = 4_000_000

// differences keeps a longest common part of the lines.
func differences(a, b []string) (list []Difference) {
	start := 0
	for start < len(a) && start < len(b) && a[start] == b[start] {
		start++
	}
	endA, endB := len(a), len(b)
	for endA > start && endB > start && a[endA-1] == b[endB-1] {
		endA, endB = endA-1, endB-1
	}
	add := func(sign byte, lines []string) {
		for _, line := range lines {
			list = append(list, Difference{sign, line})
		}
	}
	add(' ', a[:start])
	x, y := a[start:endA], b[start:endB]
	if len(x)*len(y) > maxCompared {
		add('-', x)
		add('+', y)
	} else {
		list = append(list, between(x, y)...)
	}
	add(' ', a[endA:])
	return list
}

func between(x, y []string) (list []Difference) {
	// common[i][j] is the length of a longest common part of x[i:] and y[j:].
	common := make([][]int, len(x)+1)
	for i := range common {
		common[i] = make([]int, len(y)+1)
	}
	for i := len(x) - 1; i >= 0; i-- {
		for j := len(y) - 1; j >= 0; j-- {
			if x[i] == y[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(x) || j < len(y) {
		switch {
		case i < len(x) && j < len(y) && x[i] == y[j]:
			list = append(list, Difference{' ', x[i]})
			i, j = i+1, j+1
		case j == len(y) || i < len(x) && common[i+1][j] >= common[i][j+1]:
			list = append(list, Difference{'-', x[i]})
			i++
		default:
			list = append(list, Difference{'+', y[j]})
			j++
		}
	}
	return list
}
