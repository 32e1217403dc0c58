package holidays

import (
	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/ar"
	"github.com/rickar/cal/v2/at"
	"github.com/rickar/cal/v2/au"
	"github.com/rickar/cal/v2/be"
	"github.com/rickar/cal/v2/bg"
	"github.com/rickar/cal/v2/br"
	"github.com/rickar/cal/v2/ca"
	"github.com/rickar/cal/v2/ch"
	"github.com/rickar/cal/v2/cy"
	"github.com/rickar/cal/v2/cz"
	"github.com/rickar/cal/v2/de"
	"github.com/rickar/cal/v2/dk"
	"github.com/rickar/cal/v2/ee"
	"github.com/rickar/cal/v2/es"
	"github.com/rickar/cal/v2/fi"
	"github.com/rickar/cal/v2/fr"
	"github.com/rickar/cal/v2/gb"
	"github.com/rickar/cal/v2/gr"
	"github.com/rickar/cal/v2/hr"
	"github.com/rickar/cal/v2/hu"
	"github.com/rickar/cal/v2/ie"
	"github.com/rickar/cal/v2/is"
	"github.com/rickar/cal/v2/it"
	"github.com/rickar/cal/v2/jp"
	"github.com/rickar/cal/v2/ke"
	"github.com/rickar/cal/v2/lt"
	"github.com/rickar/cal/v2/lu"
	"github.com/rickar/cal/v2/lv"
	"github.com/rickar/cal/v2/mt"
	"github.com/rickar/cal/v2/mw"
	"github.com/rickar/cal/v2/mx"
	"github.com/rickar/cal/v2/nc"
	"github.com/rickar/cal/v2/nl"
	"github.com/rickar/cal/v2/no"
	"github.com/rickar/cal/v2/nz"
	"github.com/rickar/cal/v2/pl"
	"github.com/rickar/cal/v2/pt"
	"github.com/rickar/cal/v2/ro"
	"github.com/rickar/cal/v2/rs"
	"github.com/rickar/cal/v2/ru"
	"github.com/rickar/cal/v2/se"
	"github.com/rickar/cal/v2/si"
	"github.com/rickar/cal/v2/sk"
	"github.com/rickar/cal/v2/th"
	"github.com/rickar/cal/v2/ua"
	"github.com/rickar/cal/v2/us"
	"github.com/rickar/cal/v2/za"
)

// country is the table of a country and of those regions that have one of their own.
type country struct {
	code     string
	national []*cal.Holiday // nil where there are holidays by region only
	regions  map[string][]*cal.Holiday
}

// countries are in the order of their codes.
var countries = []country{
	{"AR", ar.Holidays, nil},
	{"AT", at.Holidays, nil},
	{"AU", nil, map[string][]*cal.Holiday{
		"ACT": au.HolidaysACT,
		"NSW": au.HolidaysNSW,
		"NT":  au.HolidaysNT,
		"QLD": au.HolidaysQLD,
		"SA":  au.HolidaysSA,
		"TAS": au.HolidaysTAS,
		"VIC": au.HolidaysVIC,
		"WA":  au.HolidaysWA,
	}},
	{"BE", be.Holidays, nil},
	{"BG", bg.Holidays, nil},
	{"BR", br.Holidays, nil},
	{"CA", ca.Holidays, nil},
	{"CH", nil, map[string][]*cal.Holiday{
		"AG": ch.HolidaysAG,
		"AI": ch.HolidaysAI,
		"AR": ch.HolidaysAR,
		"BE": ch.HolidaysBE,
		"BL": ch.HolidaysBL,
		"BS": ch.HolidaysBS,
		"FR": ch.HolidaysFR,
		"GE": ch.HolidaysGE,
		"GL": ch.HolidaysGL,
		"GR": ch.HolidaysGR,
		"JU": ch.HolidaysJU,
		"LU": ch.HolidaysLU,
		"NE": ch.HolidaysNE,
		"NW": ch.HolidaysNW,
		"OW": ch.HolidaysOW,
		"SG": ch.HolidaysSG,
		"SH": ch.HolidaysSH,
		"SO": ch.HolidaysSO,
		"SZ": ch.HolidaysSZ,
		"TG": ch.HolidaysTG,
		"TI": ch.HolidaysTI,
		"UR": ch.HolidaysUR,
		"VD": ch.HolidaysVD,
		"VS": ch.HolidaysVS,
		"ZG": ch.HolidaysZG,
		"ZH": ch.HolidaysZH,
	}},
	{"CY", cy.Holidays, nil},
	{"CZ", cz.Holidays, nil},
	{"DE", de.Holidays, map[string][]*cal.Holiday{
		"BB": de.HolidaysBB,
		"BE": de.HolidaysBE,
		"BW": de.HolidaysBW,
		"BY": de.HolidaysBY,
		"HB": de.HolidaysHB,
		"HE": de.HolidaysHE,
		"HH": de.HolidaysHH,
		"MV": de.HolidaysMV,
		"NI": de.HolidaysNI,
		"NW": de.HolidaysNW,
		"RP": de.HolidaysRP,
		"SH": de.HolidaysSH,
		"SL": de.HolidaysSL,
		"SN": de.HolidaysSN,
		"ST": de.HolidaysST,
		"TH": de.HolidaysTH,
	}},
	{"DK", dk.Holidays, nil},
	{"EE", ee.Holidays, nil},
	{"ES", es.Holidays, nil},
	{"FI", fi.Holidays, nil},
	{"FR", fr.Holidays, nil},
	{"GB", gb.Holidays, nil},
	{"GR", gr.Holidays, nil},
	{"HR", hr.Holidays, nil},
	{"HU", hu.Holidays, nil},
	{"IE", ie.Holidays, nil},
	{"IS", is.Holidays, nil},
	{"IT", it.Holidays, nil},
	{"JP", jp.Holidays, nil},
	{"KE", ke.Holidays, nil},
	{"LT", lt.Holidays, nil},
	{"LU", lu.Holidays, nil},
	{"LV", lv.Holidays, nil},
	{"MT", mt.Holidays, nil},
	{"MW", mw.Holidays, nil},
	{"MX", mx.Holidays, nil},
	{"NC", nc.Holidays, nil},
	{"NL", nl.Holidays, nil},
	{"NO", no.Holidays, nil},
	{"NZ", nz.Holidays, nil},
	{"PL", pl.Holidays, nil},
	{"PT", pt.Holidays, nil},
	{"RO", ro.Holidays, nil},
	{"RS", rs.Holidays, nil},
	{"RU", ru.Holidays, nil},
	{"SE", se.Holidays, nil},
	{"SI", si.Holidays, nil},
	{"SK", sk.Holidays, nil},
	{"TH", th.Holidays, nil},
	{"UA", ua.Holidays, nil},
	{"US", us.Holidays, nil},
	{"ZA", za.Holidays, nil},
}
