package holidays

import (
	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/ar"
	"github.com/rickar/cal/v2/at"
	"github.com/rickar/cal/v2/be"
	"github.com/rickar/cal/v2/bg"
	"github.com/rickar/cal/v2/br"
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
	"github.com/rickar/cal/v2/lt"
	"github.com/rickar/cal/v2/lu"
	"github.com/rickar/cal/v2/lv"
	"github.com/rickar/cal/v2/mt"
	"github.com/rickar/cal/v2/nc"
	"github.com/rickar/cal/v2/nl"
	"github.com/rickar/cal/v2/no"
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
)

// Names that many countries share.
const (
	newYear            = "New Year's Day"
	epiphany           = "Epiphany"
	maundyThursday     = "Maundy Thursday"
	goodFriday         = "Good Friday"
	easterSunday       = "Easter Sunday"
	easterMonday       = "Easter Monday"
	labourDay          = "Labour Day"
	ascension          = "Ascension Day"
	whitSunday         = "Whit Sunday"
	whitMonday         = "Whit Monday"
	corpusChristi      = "Corpus Christi"
	assumption         = "Assumption Day"
	allSaints          = "All Saints' Day"
	armistice          = "Armistice Day"
	conception         = "Immaculate Conception"
	christmasEve       = "Christmas Eve"
	christmas          = "Christmas Day"
	secondChristmas    = "Second Day of Christmas"
	stephen            = "Saint Stephen's Day"
	nationalDay        = "National Day"
	independence       = "Independence Day"
	constitution       = "Constitution Day"
	liberation         = "Liberation Day"
	orthodoxFriday     = "Orthodox Good Friday"
	orthodoxEaster     = "Orthodox Easter Sunday"
	orthodoxMonday     = "Orthodox Easter Monday"
	orthodoxWhitSunday = "Orthodox Whit Sunday"
	orthodoxWhitMonday = "Orthodox Whit Monday"
	orthodoxChristmas  = "Orthodox Christmas"
	womensDay          = "Women's Day"
	republicDay        = "Republic Day"
	victoryDay         = "Victory Day"
	newYearsEve        = "New Year's Eve"
	greenMonday        = "Green Monday"
	ohiDay             = "Ohi Day"
	secondNewYear      = "Second Day of New Year"
)

// english names the holidays whose tables speak another language. Entries, not their names, are the keys: one name may be
// that of two days, and one table calls two days by one name.
var english = map[*cal.Holiday]string{
	ar.NewYear: newYear, ar.CarnivalDay1: "Carnival Monday", ar.CarnivalDay2: "Carnival Tuesday",
	ar.TruethDay: "Day of Remembrance for Truth and Justice", ar.MalvinasVeterans: "Malvinas Day",
	ar.EasternsDay: goodFriday, ar.LaborDay: labourDay, ar.RevolutionDay: "May Revolution Day",
	ar.GuemesDay: "Martín Miguel de Güemes Day", ar.BelgranoDay: "Flag Day", ar.IndependenceDay: independence,
	ar.SanMartinDay: "General San Martín Day", ar.DiversityDay: "Day of Respect for Cultural Diversity",
	ar.SovereigntyDay: "National Sovereignty Day", ar.VirgenDay: conception, ar.ChristmasDay: christmas,

	at.Neujahr: newYear, at.HeiligeDreiKoenige: epiphany, at.Ostermontag: easterMonday, at.TagderArbeit: labourDay,
	at.ChristiHimmelfahrt: ascension, at.Pfingstmontag: whitMonday, at.Fronleichnam: corpusChristi,
	at.MariaHimmelfahrt: assumption, at.Nationalfeiertag: nationalDay, at.Allerheiligen: allSaints,
	at.MariaEmpfaengnis: conception, at.Christtag: christmas, at.Stefanitag: stephen,

	be.Nieuwjaar: newYear, be.Paasmaandag: easterMonday, be.DagVanDeArbeid: labourDay,
	be.OnzeLieveHeerHemelvaart: ascension, be.Pinkstermaandag: whitMonday, be.NationaleFeestdag: nationalDay,
	be.OnzeLieveVrouwHemelvaart: assumption, be.Allerheiligen: allSaints, be.Wapenstilstand: armistice,
	be.Kerstmis: christmas,

	bg.NewYear: newYear, bg.LiberationDay: liberation, bg.OrthodoxGoodFriday: orthodoxFriday,
	bg.OrthodoxEasterMonday: orthodoxMonday, bg.LabourDay: labourDay, bg.StGeorgesDay: "Saint George's Day",
	bg.StCyrilAndMethodiusDay: "Saints Cyril and Methodius Day", bg.UnificationDay: "Unification Day",
	bg.IndependenceDay: independence, bg.ChristmasEve: christmasEve, bg.ChristmasDay: christmas,
	bg.ChristmasDay2: secondChristmas,

	br.AnoNovo: newYear, br.Tiradentes: "Tiradentes Day", br.Trabalhador: labourDay, br.Independencia: independence,
	br.NossaSenhoraAparecida: "Our Lady of Aparecida", br.Finados: "All Souls' Day", br.Republica: republicDay,
	br.CorpusChristi: corpusChristi, br.SextaFeiraSanta: goodFriday, br.Carnaval: "Carnival Tuesday",
	br.Natal: christmas, br.ConscienciaNegra: "Black Awareness Day",

	ch.Neujahr: newYear, ch.Berchtoldstag: "Saint Berchtold's Day", ch.HeiligeDreiKoenige: epiphany,
	ch.Josefstag: "Saint Joseph's Day", ch.Karfreitag: goodFriday, ch.Ostermontag: easterMonday,
	ch.TagderArbeit: labourDay, ch.Auffahrt: ascension, ch.Pfingstmontag: whitMonday, ch.Fronleichnam: corpusChristi,
	ch.Bundesfeiertag: nationalDay, ch.MariaHimmelfahrt: assumption, ch.Allerheiligen: allSaints,
	ch.MariaEmpfangnis: conception, ch.Weihnachtstag: christmas, ch.ZweiterWeihnachtsfeiertag: stephen,

	cy.Protochronia: newYear, cy.Theofania: epiphany, cy.KatharaDeftera: greenMonday,
	cy.EllinikiEpanastasi: "Greek Independence Day", cy.EthnikiEpetios: "Cyprus National Day",
	cy.ErgatikoiProtomagia: labourDay, cy.MegaliParaskevi: orthodoxFriday, cy.DeuteraTouPascha: orthodoxMonday,
	cy.AgiouPnevmatos: orthodoxWhitMonday, cy.KoimisiTisTheotokou: assumption, cy.Anexartisia: independence,
	cy.EpeteiosTouOchi: ohiDay, cy.Christougenna: christmas, cy.DeyteriMeraTonChristougennon: secondChristmas,

	cz.NewYear: newYear, cz.GoodFriday: goodFriday, cz.EasterMonday: easterMonday, cz.LabourDay: labourDay,
	cz.LiberationDay: liberation, cz.SaintsCyrilMethodius: "Saints Cyril and Methodius Day",
	cz.JanHusDay: "Jan Hus Day", cz.SaintWenceslasDay: "Saint Wenceslas Day",
	cz.IndependenceDay: "Independent Czechoslovak State Day",
	cz.FreedomDay:      "Struggle for Freedom and Democracy Day", cz.ChristmasEve: christmasEve,
	cz.ChristmasDay: christmas, cz.SaintStephensDay: stephen,

	de.Neujahr: newYear, de.HeiligeDreiKoenige: epiphany, de.Frauentag: womensDay, de.Karfreitag: goodFriday,
	de.Ostermontag: easterMonday, de.TagderArbeit: labourDay, de.ChristiHimmelfahrt: ascension,
	de.Pfingstmontag: whitMonday, de.Fronleichnam: corpusChristi, de.MariaHimmelfahrt: assumption,
	de.Weltkindertag: "World Children's Day", de.DeutschenEinheit: "German Unity Day",
	de.Reformationstag: "Reformation Day", de.Allerheiligen: allSaints,
	de.BussUndBettag: "Day of Repentance and Prayer", de.Weihnachtstag: christmas,
	de.ZweiterWeihnachtsfeiertag: secondChristmas,

	dk.Nytaarsdag: newYear, dk.Skaertorsdag: maundyThursday, dk.Langfredag: goodFriday,
	dk.AndenPaaskedag: easterMonday, dk.StoreBededag: "Great Prayer Day", dk.KristiHimmelfartsdag: ascension,
	dk.AndenPinsedag: whitMonday, dk.Grundlovsdag: constitution, dk.Juledag: christmas,
	dk.AndenJuledag: secondChristmas,

	ee.Uusaasta: newYear, ee.Iseseisvuspaev: independence, ee.SuurReede: goodFriday,
	ee.Ulestousmispuhade: easterSunday, ee.Kevadpuha: "Spring Day", ee.Nelipuha: whitSunday,
	ee.Voidupuha: victoryDay, ee.Jaanipaev: "Midsummer Day",
	ee.Taasiseseisvuspaev: "Day of Restoration of Independence", ee.Joululaupaev: christmasEve,
	ee.EsimeneJoulupuha: christmas, ee.TeineJoulupuha: secondChristmas,

	es.AñoNuevo: newYear, es.Reyes: epiphany, es.ViernesSanto: goodFriday, es.Trabajador: labourDay,
	es.Asunción: assumption, es.FiestaNacionalDeEspaña: nationalDay, es.TodosLosSantos: allSaints,
	es.Constitucion: constitution, es.InmaculadaConcepcion: conception, es.Navidad: christmas,

	fi.Uudenvuodenpaiva: newYear, fi.Loppiainen: epiphany, fi.Pitkaperjantai: goodFriday,
	fi.Paasiaispaiva: easterSunday, fi.ToinenPaasiaispaiva: easterMonday, fi.Vappu: labourDay,
	fi.Helatorstai: ascension, fi.Helluntaipaiva: whitSunday, fi.Juhannusaatto: "Midsummer's Eve",
	fi.Juhannuspaiva: "Midsummer Day", fi.Pyhainpaiva: allSaints, fi.Itsenaisyyspaiva: independence,
	fi.Jouluaatto: christmasEve, fi.Joulupaiva: christmas, fi.Tapaninpaiva: stephen,

	fr.NouvelAn: newYear, fr.LundiDePâques: easterMonday, fr.FêteDuTravail: labourDay,
	fr.FêteDeLaVictoire: "Victory in Europe Day", fr.Ascension: ascension, fr.LundiDePentecôte: whitMonday,
	fr.FêteNationale: "Bastille Day", fr.Assomption: assumption, fr.Toussaint: allSaints,
	fr.Armistice1918: armistice, fr.Noël: christmas,

	gb.EarlyMay: "Early May Bank Holiday",

	gr.Protoxronia: newYear, gr.Theophania: epiphany, gr.KatharaDeftera: greenMonday,
	gr.IkostiPemptiMartiou: independence, gr.MegaliParaskevi: orthodoxFriday, gr.DefteraPascha: orthodoxMonday,
	gr.ErgatikiProtomagia: labourDay, gr.AgiouPrevmatos: orthodoxWhitMonday, gr.KimisiTisTheotokou: assumption,
	gr.ImeraTouOchi: ohiDay, gr.Christougenna: christmas, gr.SinaxisYperagiasTheotokou: secondChristmas,

	hr.NovaGodina: newYear, hr.SvetaTriKralja: epiphany, hr.Uskrs: easterSunday,
	hr.UskrsnjiPonedjeljak: easterMonday, hr.PraznikRada: labourDay, hr.DanDrzavnosti: "Statehood Day",
	hr.Tijelovo: corpusChristi, hr.DanAntifasistickeBorbe: "Anti-Fascist Struggle Day",
	hr.DanPobjedeIDomovinskeZahvalnosti: "Victory and Homeland Thanksgiving Day", hr.VelikaGospa: assumption,
	hr.DanSvihSvetih: allSaints, hr.DanSjecanjaNaZrtveDomovinskogRata: "Remembrance Day", hr.Bozic: christmas,
	hr.SvetiStjepan: stephen,

	hu.Ujev: newYear, hu.NemzetiUnnepMarcius: "Revolution Day of 1848", hu.Nagypentek: goodFriday,
	hu.HusvetHetfo: easterMonday, hu.AmunkaUnnepe: labourDay, hu.PunkosdHetfo: whitMonday,
	hu.SzentIstvanUnnepe: "Saint Stephen's Day", hu.NemzetiUnnepOkt: "Revolution Day of 1956",
	hu.Mindenszentek: allSaints, hu.Karacsony: christmas, hu.KaracsonyMasnapja: secondChristmas,

	ie.SaintBrigidDay: "Saint Brigid's Day",

	is.Nyarsdagur: newYear, is.Skirdagur: maundyThursday, is.Langifostudagur: goodFriday,
	is.Annaripaskum: easterMonday, is.Sumardagurinn: "First Day of Summer", is.Verkalydsdagurinn: labourDay,
	is.Uppstigningardagur: ascension, is.Annarihvit: whitMonday, is.Thjodhatid: nationalDay,
	is.Verslunarmannahelgi: "Commerce Day", is.Adfangadagur: christmasEve, is.Joladagur: christmas,
	is.Annarijolum: secondChristmas, is.Gamarsdagur: newYearsEve,

	it.Capodanno: newYear, it.Epifania: epiphany, it.Pasquetta: easterMonday, it.FestaDellaLiberazione: liberation,
	it.FestaDelLavoro: labourDay, it.FestaDellaRepubblica: republicDay, it.Assunzione: assumption,
	it.TuttiISanti: allSaints, it.Immacolata: conception, it.Natale: christmas, it.SantoStefano: stephen,

	lt.NewYear: newYear, lt.StateRestorationDay: "Day of Restoration of the State",
	lt.IndependenceDay: "Day of Restoration of Independence", lt.EasterMonday: easterMonday, lt.LabourDay: labourDay,
	lt.SaintJohnsEve: "Saint John's Day", lt.StatehoodDay: "Statehood Day", lt.AssumptionDay: assumption,
	lt.AllSaintsDay: allSaints, lt.AllSoulsDay: "All Souls' Day", lt.ChristmasEve: christmasEve,
	lt.ChristmasDayOne: christmas, lt.ChristmasDayTwo: secondChristmas,

	lu.NeitJoer: newYear, lu.Ouschtermeindeg: easterMonday, lu.DagVunAarbecht: labourDay,
	lu.ChristiHimmelfaart: ascension, lu.Pengschtméindeg: whitMonday, lu.Nationalfeierdag: nationalDay,
	lu.MariesHimmelfaart: assumption, lu.Allerhellgen: allSaints, lu.Chreschtdag: christmas,
	lu.ZweetenDagChrëschtdag: stephen,

	lv.NewYear: newYear, lv.GoodFriday: goodFriday, lv.Easter: easterSunday, lv.EasterMonday: easterMonday,
	lv.LabourDay: labourDay, lv.StateRestorationDay: "Restoration of Independence Day",
	lv.MidsummerEve: "Midsummer's Eve", lv.MidsummeDay: "Midsummer Day", lv.StateProclamationDay: "Proclamation Day",
	lv.ChristmasEve: christmasEve, lv.ChristmasDay: christmas, lv.ChristmasDay2: secondChristmas,
	lv.NewYearEve: newYearsEve,

	mt.LEwwelTasSena: newYear, mt.NawfragjuSanPawl: "Saint Paul's Shipwreck", mt.SanGuzepp: "Saint Joseph's Day",
	mt.IlGimghaLKbira: goodFriday, mt.JumIlĦelsien: "Freedom Day", mt.JumIlĦaddiem: labourDay,
	mt.SetteGiugno: "Sette Giugno", mt.LImnarja: "Saints Peter and Paul", mt.SantaMarija: assumption,
	mt.JumIlVitorja: "Victory Day", mt.JumLIndipendenza: independence, mt.IlKuncizzjoni: conception,
	mt.JumIrRepubblika: republicDay, mt.IlMilied: christmas,

	nc.NouvelAn: newYear, nc.LundiDePâques: easterMonday, nc.FêteDuTravail: labourDay,
	nc.FêteDeLaVictoire: "Victory in Europe Day", nc.Ascension: ascension, nc.LundiDePentecôte: whitMonday,
	nc.FêteNationale: "Bastille Day", nc.Assomption: assumption, nc.Toussaint: allSaints,
	nc.Armistice1918: armistice, nc.Noël: christmas, nc.FêteDeLaCitoyenneté: "Citizenship Day",

	nl.Nieuwjaar: newYear, nl.GoedeVrijdag: goodFriday, nl.TweedePaasdag: easterMonday, nl.Koningsdag: "King's Day",
	nl.BevrijdingsDag: liberation, nl.Hemelvaart: ascension, nl.TweedePinksterDag: whitMonday,
	nl.EersteKerstdag: christmas, nl.TweedeKerstdag: secondChristmas,

	no.FoersteNyttaarsdag: newYear, no.Skjaertorsdag: maundyThursday, no.Langfredag: goodFriday,
	no.AndrePaaskedag: easterMonday, no.Arbeiderenesdag: labourDay, no.Grunnlovsdag: constitution,
	no.Kristihimmelfartsdag: ascension, no.AndrePinsedag: whitMonday, no.FoersteJuledag: christmas,
	no.AndreJuledag: secondChristmas,

	pl.NewYear: newYear, pl.ThreeKings: epiphany, pl.EasterMonday: easterMonday, pl.LabourDay: labourDay,
	pl.ConstitutionDay: constitution, pl.CorpusChristi: corpusChristi, pl.AssumptionBlessedVirginMary: assumption,
	pl.AllSaints: allSaints, pl.NationalIndependenceDay: independence, pl.ChristmasEve: christmasEve,
	pl.ChristmasDayOne: christmas, pl.ChristmasDayTwo: secondChristmas,

	pt.AnoNovo: newYear, pt.SextaFeiraSanta: goodFriday, pt.DomingoPascoa: easterSunday,
	pt.DiaDaLiberdade: "Freedom Day", pt.DiaDoTrabalhador: labourDay, pt.CorpoDeDeus: corpusChristi,
	pt.DiaDePortugal: "Portugal Day", pt.AssuncaoDeNossaSenhora: assumption, pt.ImplantacaoDaRepublica: republicDay,
	pt.TodosOsSantos: allSaints, pt.RestauracaoDaIndependencia: "Restoration of Independence Day",
	pt.ImaculadaConceicao: conception, pt.Natal: christmas,

	ro.AnulNou: newYear, ro.AnulNou2: secondNewYear, ro.Boboteaza: epiphany, ro.SfantulIon: "Saint John's Day",
	ro.ZiuaUniriiPrincipatelorRomane: "Unification Day", ro.VinereaMare: orthodoxFriday, ro.Pastele: orthodoxEaster,
	ro.ADouaZiDePaste: orthodoxMonday, ro.ZiuaMuncii: labourDay, ro.ZiuaCopilului: "Children's Day",
	ro.Rusalii: orthodoxWhitSunday, ro.LuniDupaRusalii: orthodoxWhitMonday, ro.AdormireaMaiciiDomnului: assumption,
	ro.SfantulAndrei: "Saint Andrew's Day", ro.ZiuaNationala: nationalDay, ro.Craciunul: christmas,
	ro.Craciunul2: secondChristmas,

	rs.NovaGodina: newYear, rs.DrugiDanNoveGodine: secondNewYear, rs.Bozic: orthodoxChristmas,
	rs.DanDrzavnosti: "Statehood Day", rs.DrugiDanDrzavnosti: "Second Day of Statehood Day",
	rs.PraznikRada: labourDay, rs.DrugiDanPraznikaRada: "Second Day of Labour Day", rs.VelikiPetak: orthodoxFriday,
	rs.Vaskrs: orthodoxEaster, rs.VaskrsnjiPonedeljak: orthodoxMonday, rs.DanPrimirja: armistice,

	ru.NewYear: newYear, ru.OrthodoxChristmas: orthodoxChristmas, ru.MilitaryDay: "Defender of the Fatherland Day",
	ru.WomensDay: womensDay, ru.LabourDay: labourDay, ru.VictoryDay: victoryDay, ru.RussiasDay: "Russia Day",
	ru.UnionDay: "Unity Day",

	se.Nyarsdagen: newYear, se.TrettondedagJul: epiphany, se.Langfredagen: goodFriday, se.AnnandagPask: easterMonday,
	se.ForstaMaj: labourDay, se.KristiHimmelsfardsdag: ascension, se.Nationaldagen: nationalDay,
	se.Midsommarafton: "Midsummer's Eve", se.Midsommardagen: "Midsummer Day", se.AllaHelgonsDag: allSaints,
	se.Julafton: christmasEve, se.Juldagen: christmas, se.AnnandagJul: secondChristmas, se.Nyarsafton: newYearsEve,

	si.NovoLeto: newYear, si.NovoLeto2: secondNewYear, si.PresernovDan: "Prešeren Day",
	si.DanUporaProtiOkupatorju: "Day of Uprising Against Occupation", si.VelikaNoc: easterSunday,
	si.VelikonocniPonedeljek: easterMonday, si.BinkostnaNedelja: whitSunday, si.PrviMaj: labourDay,
	si.DrugiMaj: "Second Day of Labour Day", si.DanDrzavnosti: "Statehood Day", si.MarijinoVnebovzetje: assumption,
	si.DanReformacije: "Reformation Day", si.DanSpominaNaMrtve: "Remembrance Day", si.Bozic: christmas,
	si.DanSamostojnostiInEnotnosti: "Independence and Unity Day",

	sk.RepublicDay: republicDay, sk.Epiphany: epiphany, sk.GoodFriday: goodFriday, sk.EasterMonday: easterMonday,
	sk.LabourDay: labourDay, sk.Liberation: victoryDay, sk.SaintsCyril: "Saints Cyril and Methodius Day",
	sk.SNP: "Slovak National Uprising Day", sk.Constitution: constitution, sk.LadyOfSorrows: "Our Lady of Sorrows",
	sk.AllSaints: allSaints, sk.Freedom: "Struggle for Freedom and Democracy Day", sk.ChristmasEve: christmasEve,
	sk.ChristmasDay: christmas, sk.SaintStephen: stephen,

	th.NewYear: newYear, th.ChakriDay: "Chakri Day", th.ElderlyDay: "Songkran, Elderly Day",
	th.FamilyDay: "Songkran, Family Day", th.ThaiNewYear: "Songkran", th.CoronationDay: "Coronation Day",
	th.QueensBirthday: "Queen Suthida's Birthday", th.KingsBirthday: "King Vajiralongkorn's Birthday",
	th.MothersDay: "Queen Sirikit's Birthday, Mother's Day", th.KingBhumibolDay: "King Bhumibol Memorial Day",
	th.KingChulalongkornDay: "King Chulalongkorn Day", th.FathersDay: "King Bhumibol's Birthday, Father's Day",
	th.ConstitutionDay: constitution, th.NewYearEve: newYearsEve,

	ua.NewYear: newYear, ua.OrthodoxChristmas: orthodoxChristmas, ua.WomensDay: womensDay,
	ua.OrthodoxEasterMonday: orthodoxMonday, ua.LabourDay: labourDay, ua.LabourDay2: "Second Day of Labour Day",
	ua.VictoryDay: victoryDay, ua.OrthodoxPentecostMonday: orthodoxWhitSunday, ua.ConstitutionDay: constitution,
	ua.IndependenceDay: independence, ua.DefenderOfUkraineDay: "Defenders Day", ua.CatholicChristmas: christmas,
}
