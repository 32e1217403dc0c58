package conversation

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/itsmkit/itsmkit/itsm"
)

func TestMessageIDs(t *testing.T) {
	for _, ref := range []itsm.Ref{{Kind: "incident", ID: "INC0000001"}, {Kind: "change_task", ID: "OLD 4711.a/@<ü>"}} {
		id := MessageID(ref, 65536, "acme", "desk.example")
		assert.False(t, strings.ContainsAny(id[:strings.LastIndex(id, "@")], "@<> \"\\(),:;/"), id)
		got, row, ok := ParseMessageID("<"+id+">", "acme")
		assert.True(t, ok, id)
		assert.Equal(t, ref, got)
		assert.EqualValues(t, 65536, row)
		_, _, ok = ParseMessageID(id, "umbra")
		assert.False(t, ok, "another tenant's")
		_, _, ok = ParseMessageID("1"+id, "acme")
		assert.False(t, ok, "altered")
	}
}

func FuzzParseMessageID(f *testing.F) {
	f.Add(MessageID(itsm.Ref{Kind: "incident", ID: "INC0000001"}, 65536, "acme", "desk.example"))
	f.Add("0.incident.=2e.00@x")
	f.Add("<@>")
	f.Fuzz(func(t *testing.T, id string) {
		ref, row, ok := ParseMessageID(id, "acme")
		if !ok {
			return
		}
		bare := strings.TrimSuffix(strings.TrimPrefix(id, "<"), ">")
		if made := MessageID(ref, row, "acme", bare[strings.LastIndexByte(bare, '@')+1:]); made != bare {
			t.Fatalf("%q was read as %v %d, which is written %q", id, ref, row, made)
		}
	})
}

var numbers = []Numbers{{Kind: "incident", Prefix: "INC"}, {Kind: "task", Prefix: "TASK-"}}

func TestScan(t *testing.T) {
	inc := func(id string) itsm.Ref { return itsm.Ref{Kind: "incident", ID: id} }
	for subject, want := range map[string][]itsm.Ref{
		"":                                 nil,
		"Re: INC0000001":                   {inc("INC0000001")},
		"关于INC0000001的问题":                  {inc("INC0000001")},
		"INC0000001 [INC0000002]":          {inc("INC0000002"), inc("INC0000001")},
		"inc12":                            {inc("INC12"), inc("INC0000012")},
		"INC00000001234567":                {inc("INC00000001234567"), inc("INC1234567")},
		"task-7":                           {{Kind: "task", ID: "TASK-7"}, {Kind: "task", ID: "TASK-0000007"}},
		"INC INC- INCx1 1INC1 INC1x _INC1": nil,
		"INC" + strings.Repeat("1", 19):    nil,
		strings.Repeat("x ", 500) + "INC1": nil,
	} {
		assert.Equal(t, want, scan(subject, numbers), subject)
	}
	assert.Len(t, scan(strings.Repeat("INC1 INC2 INC3 INC4 INC5 ", 9), numbers), maxNumbers)
}

func FuzzScan(f *testing.F) {
	f.Add("Re: [INC0000001] VPN TASK-7")
	f.Add("inc\u017f1 [INC1")
	f.Fuzz(func(t *testing.T, subject string) {
		refs := scan(subject, numbers)
		if len(refs) > maxNumbers {
			t.Fatalf("%d numbers", len(refs))
		}
		for i, ref := range refs {
			for _, other := range refs[:i] {
				if other == ref {
					t.Fatalf("%v twice", ref)
				}
			}
			digits := strings.TrimPrefix(strings.TrimPrefix(ref.ID, "INC"), "TASK-")
			if short := strings.TrimLeft(digits, "0"); !strings.Contains(subject, short) {
				t.Fatalf("%v is not in %q", ref, subject)
			}
		}
	})
}

func FuzzLooksAutomatic(f *testing.F) {
	f.Add("Automatic reply: x")
	f.Add("自动答复：VPN")
	f.Fuzz(func(t *testing.T, subject string) {
		if LooksAutomatic(subject) && LooksAutomatic("Re: "+subject) {
			t.Fatal("an answer to a notice is none")
		}
	})
}

func FuzzClean(f *testing.F) {
	f.Add("VPN\r\n down", "text", 3)
	f.Add("\xff\x00", "ä", 1)
	f.Fuzz(func(t *testing.T, subject, body string, limit int) {
		r := &Receiver{config: Config{Policy: Policy{Dirty: DirtyCleaned}, Limits: Limits{Body: max(limit, 0), Attachments: 1}}}
		m, _, err := r.clean(Message{Channel: "mail", Subject: subject, Body: body})
		if err != nil {
			return
		}
		title, text := titleAndText(&m)
		for _, s := range []string{title, text} {
			if strings.ToValidUTF8(s, "") != s || strings.ContainsRune(s, 0) {
				t.Fatalf("%q cannot be stored", s)
			}
		}
		if n := len([]rune(title)); title == "" || n > maxTitle || strings.ContainsAny(title, "\r\n\t") {
			t.Fatalf("the title %q has %d characters", title, n)
		}
	})
}
