package search_test

import (
	"context"
	"fmt"
	"html"

	"github.com/itsmkit/itsmkit/search"
)

func Example() {
	ctx := context.Background()
	index := search.NewMemory(search.Options{})
	err := index.Put(ctx,
		search.Document{Tenant: "acme", Ref: search.Ref{Kind: "article", ID: "KB1", Locale: "en"}, Title: "Connect to the VPN",
			Body: "Start the client & enter your code.", Allow: []string{search.Everyone}},
		search.Document{Tenant: "acme", Ref: search.Ref{Kind: "article", ID: "KB2", Locale: "en"}, Title: "Renew the certificate of the VPN gateway",
			Body: "For engineers only.", Allow: []string{"engineers"}},
		search.Document{Tenant: "acme", Ref: search.Ref{Kind: "known_error", ID: "KE7", Locale: "en"}, Title: "Clients lose their connection",
			Body: "Update the VPN client to 5.2.", Allow: []string{search.Everyone}},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, audience := range []string{"customers", "engineers"} {
		found, err := index.Search(ctx, search.Query{
			Filter: search.Filter{Tenant: "acme", Audience: []string{audience}}, Text: "vpn connection", Snippets: true,
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(audience, "find", found.Total)
		for _, h := range found.Hits {
			fmt.Println("-", h.ID, h.Title.Mark("<b>", "</b>", html.EscapeString))
		}
	}
	// Output:
	// customers find 2
	// - KB1 <b>Connect</b> to the <b>VPN</b>
	// - KE7 Clients lose their <b>connection</b>
	// engineers find 3
	// - KB1 <b>Connect</b> to the <b>VPN</b>
	// - KE7 Clients lose their <b>connection</b>
	// - KB2 Renew the certificate of the <b>VPN</b> gateway
}

func ExampleMemory_Similar() {
	ctx := context.Background()
	index := search.NewMemory(search.Options{Language: "en"})
	for id, title := range map[string]string{
		"INC1": "Outlook asks for the password again and again",
		"INC2": "Password prompt keeps coming up in Outlook",
		"INC3": "Printer on floor 3 is out of toner",
	} {
		d := search.Document{Tenant: "acme", Ref: search.Ref{Kind: "incident", ID: id}, Title: title, Allow: []string{"agents"}}
		if err := index.Put(ctx, d); err != nil {
			fmt.Println(err)
			return
		}
	}
	agent := search.Filter{Tenant: "acme", Audience: []string{"agents"}}
	found, err := index.Similar(ctx, search.Like{Filter: agent, Of: search.Ref{Kind: "incident", ID: "INC1"}})
	fmt.Println(err)
	for _, h := range found.Hits {
		fmt.Print(h.ID, ":")
		for _, m := range h.Matched {
			fmt.Print(" ", m.Word)
		}
		fmt.Println()
	}
	// Output:
	// <nil>
	// INC2: outlook password
}

func ExampleParseQuery() {
	for _, c := range search.ParseQuery(`vpn* "paper jam" -toner`) {
		fmt.Printf("%s phrase=%t prefix=%t exclude=%t\n", c.Text, c.Phrase, c.Prefix, c.Exclude)
	}
	// Output:
	// vpn phrase=false prefix=true exclude=false
	// paper jam phrase=true prefix=false exclude=false
	// toner phrase=false prefix=false exclude=true
}
