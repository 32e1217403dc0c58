// Package trec measures how well an index ranks, on test collections in the forms of the Text REtrieval Conference: documents,
// topics that are looked for, and judgements of what is relevant.
//
//	c, err := trec.Open("collections/cacm")
//	run := trec.Run{}
//	for _, topic := range c.Topics {
//		run[topic.ID] = look(topic.Query()) // the IDs of documents, best first
//	}
//	fmt.Println(trec.Evaluate(c.Judgements, run)) // MAP 0.3651 nDCG@10 ...
package trec

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Judgements say how relevant documents are to topics: topic, document, grade. What is not judged is not relevant.
type Judgements map[string]map[string]int

// Run is what was found: the documents of each topic, best first.
type Run map[string][]string

// Measures say how good a run is, as means over topics, each from 0 to 1 and as trec_eval defines it.
type Measures struct {
	Topics int     // those with a relevant document; one for which nothing was found counts as 0 everywhere
	MAP    float64 // mean average precision
	NDCG10 float64 // normalised discounted cumulative gain of the first ten, with the grades as gains
	P10    float64 // share of relevant ones among the first ten
	P30    float64
}

func (m Measures) String() string {
	return fmt.Sprintf("MAP %.4f nDCG@10 %.4f P@10 %.4f P@30 %.4f", m.MAP, m.NDCG10, m.P10, m.P30)
}

// Evaluate measures a run over all topics with a relevant document, whether the run has them or not (trec_eval -c).
//
// Average precision is the mean, over the relevant documents, of the precision at the place where each was found, 0 where
// it was not. The gain of place i is divided by log2(i + 1), and compared to that of the best order there could be.
func Evaluate(judged Judgements, run Run) Measures {
	var m Measures
	for topic, grades := range judged {
		var ideal []int
		for _, grade := range grades {
			if grade > 0 {
				ideal = append(ideal, grade)
			}
		}
		if len(ideal) == 0 {
			continue
		}
		m.Topics++
		relevant, precision, gain := 0, 0.0, 0.0
		for i, doc := range run[topic] {
			grade := grades[doc]
			if grade <= 0 {
				continue
			}
			relevant++
			precision += float64(relevant) / float64(i+1)
			if i < 10 {
				gain += discounted(grade, i)
				m.P10 += 0.1
			}
			if i < 30 {
				m.P30 += 1.0 / 30
			}
		}
		m.MAP += precision / float64(len(ideal))
		slices.SortFunc(ideal, func(a, b int) int { return b - a })
		most := 0.0
		for i, grade := range ideal[:min(10, len(ideal))] {
			most += discounted(grade, i)
		}
		m.NDCG10 += gain / most
	}
	if n := float64(m.Topics); n > 0 {
		m.MAP, m.NDCG10, m.P10, m.P30 = m.MAP/n, m.NDCG10/n, m.P10/n, m.P30/n
	}
	return m
}

func discounted(grade, place int) float64 { return float64(grade) / math.Log2(float64(place+2)) }

// ReadJudgements reads lines of a topic, an iteration, a document and a grade, apart by blanks, or of a topic, a document and a
// grade. Empty lines are left out. Lines of a topic, a document and two zeros each, as SMART has them, list what is relevant.
func ReadJudgements(r io.Reader) (Judgements, error) {
	var rows [][]string
	listed := true
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	judged := Judgements{}
	for n := 1; lines.Scan(); n++ {
		f := strings.Fields(lines.Text())
		if len(f) == 0 {
			continue
		}
		if len(f) < 3 {
			return nil, fmt.Errorf("trec: judgements, line %d: give a topic, an iteration, a document and a grade", n)
		}
		doc, last := f[len(f)-2], f[len(f)-1]
		if len(f) > 3 {
			doc, last = f[2], f[3]
		}
		grade, err := whole(last)
		if err != nil {
			return nil, fmt.Errorf("trec: judgements, line %d: the grade must be a whole number, not %q", n, last)
		}
		listed = listed && len(f) > 3 && doc == "0" && grade == 0
		rows = append(rows, f)
		judged.set(f[0], doc, grade)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("trec: judgements: %w", err)
	}
	if listed {
		judged = Judgements{}
		for _, f := range rows {
			judged.set(f[0], f[1], 1)
		}
	}
	return judged, nil
}

// whole is a whole number, such as 1 or 1.0.
func whole(text string) (int, error) {
	if front, rest, cut := strings.Cut(text, "."); cut && strings.Trim(rest, "0") == "" {
		text = front
	}
	return strconv.Atoi(text)
}

func (j Judgements) set(topic, doc string, grade int) {
	if j[topic] == nil {
		j[topic] = map[string]int{}
	}
	j[topic][doc] = grade
}
