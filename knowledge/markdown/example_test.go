package markdown_test

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/itsmkit/itsmkit/knowledge/markdown"
)

// An article is shown: what it refers to is found, what others might have hidden in it is not there.
func Example() {
	r, err := markdown.New(markdown.Options{
		Shift: 1, // the page has a heading of its own
		Resolve: func(ref markdown.Reference) string {
			if ref.Kind == markdown.Attachment {
				return "/files/" + ref.ID
			}
			return "/kb/" + ref.ID
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = r.HTML(os.Stdout, `# No connection

Restart **vpnctl**, as [described](kb:KB0000007#restart), or ask [the maker](https://vpn.example/help).

![Status](attachment:21) <script>steal()</script> [click](javascript:steal())
`)
	fmt.Println(err)
	// Output:
	// <h2 id="md-no-connection">No connection</h2>
	// <p>Restart <strong>vpnctl</strong>, as <a href="/kb/KB0000007#md-restart">described</a>, or ask <a href="https://vpn.example/help" rel="noopener noreferrer nofollow ugc">the maker</a>.</p>
	// <p><img src="/files/21" alt="Status" loading="lazy"> &lt;script&gt;steal()&lt;/script&gt; click</p>
	// <nil>
}

// When an article is saved, one parse gives what is kept beside it.
func ExampleRenderer_Read() {
	r, err := markdown.New(markdown.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	d, err := r.Read("# Printer\n\nSee ![the tray](attachment:3).\n\n## Paper *jam*\n\n1. Open it.\n2. Read [this](kb:KB0000012).\n")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.Text)
	for _, h := range d.Outline {
		fmt.Println(h.Level, "#"+h.ID, h.Text)
	}
	for _, ref := range d.References {
		fmt.Println(ref.Kind, ref.ID)
	}
	// Output:
	// Printer
	// See the tray.
	// Paper jam
	// Open it.
	// Read this.
	// 1 #md-printer Printer
	// 2 #md-paper-jam Paper jam
	// attachment 3
	// kb KB0000012
}

// A body that is written to keep a parser busy is refused by name.
func ExampleRenderer_Render_limits() {
	r, err := markdown.New(markdown.Options{MaxDepth: 10})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = r.Render(strings.Repeat("> ", 500_000))
	fmt.Println(errors.Is(err, markdown.ErrDepth), err)
	// Output:
	// true markdown: nested too deep: more than 10 levels: write quotes, lists and emphasis less deep in each other
}
