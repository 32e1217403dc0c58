package mail_test

import (
	_ "github.com/emersion/go-sasl"
	_ "github.com/emersion/go-smtp"
	_ "pgregory.net/rapid"
)
