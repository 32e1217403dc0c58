package holidays

import (
	"slices"
	"testing"

	"github.com/rickar/cal/v2"
	"github.com/stretchr/testify/assert"
)

// speakEnglish are the countries whose tables name their days in English.
var speakEnglish = []string{"AU", "CA", "GB", "IE", "JP", "KE", "MW", "MX", "NZ", "US", "ZA"}

func tables(do func(place string, table []*cal.Holiday)) {
	for _, c := range countries {
		if c.national != nil {
			do(c.code, c.national)
		}
		for region, table := range c.regions {
			do(c.code+"-"+region, table)
		}
	}
}

// A new version of the tables brings no name in another language.
func TestNamesAreEnglish(t *testing.T) {
	tables(func(place string, table []*cal.Holiday) {
		for _, h := range table {
			if _, named := english[h]; !named {
				assert.Contains(t, speakEnglish, place[:2], h.Name)
			}
		}
	})
}

// A mend that nothing is mended by, and a place that is none, would go unnoticed.
func TestMendsAreOfTheTables(t *testing.T) {
	listed := map[*cal.Holiday][]string{}
	var all []string
	tables(func(place string, table []*cal.Holiday) {
		all = append(all, place)
		for _, h := range table {
			listed[h] = append(listed[h], place)
		}
	})
	for i, m := range mends {
		assert.NotEmpty(t, listed[m.of], "mends[%d] %s", i, m.of.Name)
		assert.Subset(t, listed[m.of], m.places, "mends[%d] %s", i, m.of.Name)
	}
	for _, l := range lacks {
		assert.Subset(t, all, l.places, l.name)
	}
	assert.True(t, slices.IsSortedFunc(countries, func(a, b country) int {
		if a.code < b.code {
			return -1
		}
		return 1
	}), "looked up by halving")
}
