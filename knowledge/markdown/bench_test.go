package markdown_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"github.com/itsmkit/itsmkit/knowledge/markdown"
)

// An article of a page and one of a book, beside the parser alone, which checks no address, has no limits, and whose
// page no sanitizer reads.
func BenchmarkRender(b *testing.B) {
	alone := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote))
	r := newRenderer(b, markdown.Options{Resolve: addresses})
	for _, size := range []struct{ name, body string }{{"page", handbook}, {"book", strings.Repeat(handbook+"\n", 100)}} {
		measure := func(name string, render func() error) {
			b.Run(size.name+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(size.body)))
				for b.Loop() {
					if err := render(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		measure("floor=parser", func() error { return alone.Convert([]byte(size.body), &bytes.Buffer{}) })
		measure("render", func() error { return r.HTML(&bytes.Buffer{}, size.body) })
		measure("read", func() error { _, err := r.Read(size.body); return err })
	}
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := markdown.New(markdown.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
