// Package conversation brings messages of every channel to the records that they belong to.
//
// A channel, such as mail, chat or a portal, turns what it gets into a [Message]; everything after that is the same for
// all of them.
package conversation

import "time"

// Message is what somebody sent, in the words of no channel. It holds nothing of how it was wrapped: text is UTF-8, and
// files are kept by the host and named by reference.
type Message struct {
	// Channel is how it came: mail, portal, chat, api.
	Channel string
	// ID is the channel's own id of the message, such as a mail's Message-ID without its angle brackets. It is what
	// later messages answer to, and makes a message that comes twice one message. Empty where the channel has none.
	ID string
	// InReplyTo and References are the ids of the messages that it answers, the nearest last.
	InReplyTo  []string
	References []string

	// From wrote it; To and Copy got it.
	From     Address
	To, Copy []Address

	Subject string
	// Body is plain text.
	Body        string
	Attachments []Attachment

	// SentAt is what the sender's clock says, zero where unknown. It is kept as information; the desk goes by its own.
	SentAt time.Time
	// Record names the record that the channel knows the message to be about, such as the one that a portal shows:
	// its number alone. Empty where the text has to tell.
	Record string
	// Automatic marks what a machine sent, such as an absence notice or a delivery report, where the channel can tell.
	Automatic bool
	// Bulk marks what was sent to many, such as a newsletter.
	Bulk bool
}

// Address is a name and where it is reached: a mail address, or a channel's own id of a person.
type Address struct {
	Name    string
	Address string
}

// Attachment is a file by reference: the channel stored the bytes with the host before it handed the message on.
type Attachment struct {
	Name string
	// Type is the media type, such as "image/png".
	Type string
	Size int64
	// SHA256 is the digest of the bytes in hexadecimal.
	SHA256   string
	Location string
}
