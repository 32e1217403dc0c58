package feedback_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/knowledge/feedback"
)

func reader(i int) context.Context {
	return itsmtest.As(context.Background(), itsmtest.Requester(fmt.Sprintf("reader%d", i)))
}

// A reading by somebody new, and one that was counted on that day already.
func BenchmarkViewed(b *testing.B) {
	b.Run("new", func(b *testing.B) {
		d := open(b, feedback.Config{})
		i := 0
		for b.Loop() {
			i++
			require.NoError(b, d.Viewed(reader(i), vpn, 1))
		}
	})
	b.Run("again", func(b *testing.B) {
		d := open(b, feedback.Config{})
		who := reader(0)
		for b.Loop() {
			require.NoError(b, d.Viewed(who, vpn, 1))
		}
	})
}

// A verdict by somebody new.
func BenchmarkGive(b *testing.B) {
	d := open(b, feedback.Config{})
	i := 0
	for b.Loop() {
		i++
		_, err := d.Give(reader(i), feedback.Verdict{Article: vpn, Edition: 1, Helpful: feedback.Yes, Stars: 1 + i%5})
		require.NoError(b, err)
	}
}

// The rating of an article with so many verdicts on it.
func BenchmarkRating(b *testing.B) {
	for _, verdicts := range []int{100, 10_000} {
		b.Run(fmt.Sprint(verdicts), func(b *testing.B) {
			d := open(b, feedback.Config{})
			for i := range verdicts {
				_, err := d.Give(reader(i), feedback.Verdict{Article: vpn, Edition: int64(1 + i%3), Helpful: feedback.Yes, Stars: 1 + i%5})
				require.NoError(b, err)
			}
			for b.Loop() {
				require.EqualValues(b, verdicts, d.rating(vpn).Total.Verdicts)
			}
		})
	}
}

// How often an article was read that ten thousand people read.
func BenchmarkViews(b *testing.B) {
	d := open(b, feedback.Config{})
	for i := range 10_000 {
		require.NoError(b, d.Viewed(reader(i), vpn, 1))
	}
	for b.Loop() {
		v, err := d.Views(d.root, vpn, monday, monday.Add(time.Hour))
		require.NoError(b, err)
		require.EqualValues(b, 10_000, v.Total)
	}
}
