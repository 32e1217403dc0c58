package mail

// LoopOf is the mark that a desk writes into its mails for a tenant.
func LoopOf(i Identity, tenant string) string { return i.loop(tenant) }

// Clean is the form in which texts are read.
func Clean(text string) string { return clean(text) }

// Subject is the subject of the mails about a ticket.
func Subject(number, title string) string { return subject(number, title) }
