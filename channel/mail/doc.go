// Package mail is the channel of electronic mail: it reads what came in as a [conversation.Message], and writes what
// happens to tickets as mails.
//
//	parser, err := mail.NewParser(mail.ParserConfig{Files: files, Identity: identity})
//	message, err := parser.Parse(ctx, "acme", r) // then conversation.Receive
//
//	sender, err := mail.NewSender(kernel, mail.SenderConfig{Client: smtp, Identity: identity, From: from})
//	kernel.Subscribe(sender.Subscriber("mail"))
//
// # In
//
// [Parser.Parse] reads a message once, front to back. Attachments stream to the host ([Files]); text and headers are all
// that is held in memory, so a message costs the same few hundred kilobytes however large its files are. Where a message
// is refused, every file that was stored for it is removed again.
//
// Splitting into parts and the charsets are github.com/emersion/go-message's, which streams, so that depth, counts and
// sizes are bounded while reading; enmime, the other well-kept library, is more lenient but holds a message and all its
// decoded files in memory before anything can be refused. Headers, parameters, addresses, encoded words and the
// transfer encodings are read here, because real mail breaks their rules and must still come in.
//
// # Out
//
// A [Sender] is a subscriber of the kernel. It mails public comments, confirmations of reports and resolutions; internal
// comments and work notes never leave. SMTP is github.com/wneessen/go-mail's: its Client is given by the host, with the
// TLS and authentication that its server asks for.
//
// # Concurrency
//
// Parsers and senders may be used by many goroutines. Neither starts one.
package mail
