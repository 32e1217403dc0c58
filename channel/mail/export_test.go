package mail

// LoopOf is the mark that a desk writes into its mails for a tenant.
func LoopOf(i Identity, tenant string) string { return i.loop(tenant) }
