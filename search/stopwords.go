package search

// The words of each language that say nothing about what a text is about. They are found in phrases, and by a query that has
// no other word.
const (
	stopEnglish = `a about above across after again against all along also although am among an and another any anybody anyone anything
		are around as at be because been before behind being below beneath beside besides between beyond both but by can cannot
		could d despite did do does doing don down during each either else ever every everybody everyone everything except few
		for from further had has have having he hence her here hers herself him himself his how however i if in inside into is
		it its itself just ll m many may me might mine more moreover most much must my myself near neither no nobody none nor not
		nothing now of off on once one only onto or other others ought our ours ourselves out outside over own per quite rather re
		s same several shall she should since so some somebody someone something such t than that the their theirs them
		themselves then there therefore these they this those though through throughout thus till to too toward towards under
		unless until up upon us ve very via was we were what whatever when where whereas whether which while who whom whose why
		will with within without would yet you your yours yourself yourselves`

	stopGerman = `aber alle allem allen aller alles als also am an andere anderen auch auf aus bei beim bin bis bist da damit
		dann das dass dein deine dem den denn der des dessen die dies diese diesem diesen dieser dieses doch dort du durch ein
		eine einem einen einer eines er es etwas euch euer für gegen hab habe haben hat hatte hatten hier hin hinter ich ihm
		ihn ihnen ihr ihre ihrem ihren ihrer im in ins ist ja jede jedem jeden jeder jedes jetzt kann kein keine keinem keinen
		keiner können man mein meine meinem meinen meiner mich mir mit muss nach nicht nichts noch nun nur ob oder ohne sehr
		sein seine seinem seinen seiner seit sich sie sind so soll sollte sondern sonst über um und uns unser unsere unter vom
		von vor war waren warum was weil wenn wer werde werden wie wieder will wir wird wo wurde würde zu zum zur zwar zwischen`

	stopFrench = `à ai au aux avec c ce cela ces cet cette d dans de des du elle elles en est et étaient était être eu eux fait
		fut il ils j je l la le les leur leurs lui m ma mais me même mes moi mon n ne nos notre nous on ont ou où par pas plus
		pour qu quand que quel quelle qui s sa sans se ses si son sont sous sur t ta te tes toi ton tous tout toute toutes très
		tu un une vos votre vous y`

	stopSpanish = `a al algo ante antes aquí así como con contra cual cuando de del desde donde durante e el ella ellas ellos en
		entre era eran es esa esas ese eso esos esta está están estas este esto estos fue fueron ha han hasta hay la las le les
		lo los más me mi mis muy nada ni no nos nosotros nuestra nuestro o os otra otro para pero poco por porque que qué quien
		se ser si sí sin sobre son su sus también tan te tiene todo todos tu tus un una uno unos y ya yo`

	stopItalian = `a ad agli ai al alla alle allo anche c che chi ci come con cui d da dagli dai dal dalla dalle dallo degli dei
		del della delle dello di dove e è ed era erano essere fra gli ha hanno ho i il in io l la le lei li lo loro lui ma me mi
		mia mio ne negli nei nel nella nelle nello noi non nostra nostro o ogni per perché più quale quando quella quelle quelli
		quello questa queste questi questo qui se sei si sia sono sta su sua sue sugli sui sul sulla sulle sullo suo suoi tra tu
		tua tuo tutti tutto un una uno v vi voi`

	stopPortuguese = `a à ao aos as às até com como da das de dela dele do dos e é ela elas ele eles em entre era eram essa essas
		esse esses esta está estão estas este estes eu foi foram há isso isto já lhe mais mas me mesmo meu minha muito na não nas
		nem no nos nós nossa nosso num numa o os ou para pela pelas pelo pelos por qual quando que quem são se sem ser seu seus
		só sua suas também te tem têm tu um uma você vocês`

	stopDutch = `aan al alles als altijd andere ben bij daar dan dat de der deze die dit doch doen door dus een en er ge geen had
		haar hadden heb hebben heeft hem het hier hij hoe hun iemand iets ik in is ja je kan kon kunnen maar me meer men met mij
		mijn moet na naar niet niets nog nu of om omdat onder ons ook op over reeds te tegen toch toen tot u uit uw van veel voor
		want waren was wat werd wezen wie wij wil worden wordt zal ze zelf zich zij zijn zo zonder zou`

	stopSwedish = `alla allt att av blev bli blir de dem den denna deras dess dessa det detta dig din dina ditt du där då efter ej
		eller en er era ert ett från för ha hade han hans har henne hennes hon honom hur här i icke ingen inom inte jag ju kan kunde
		man med mellan men mig min mina mitt mot mycket ni nu när någon något några och om oss på samma sedan sig sin sina sitta
		själv skulle som så sådan till under upp ut utan vad var vara varför varit varje vars vem vi vid vilka vilken vilket vår
		våra vårt än är åt över`

	stopNorwegian = `alle at av begge ble bli blir da de deg dem den denne der dere deres det dette din ditt du eg ein eit eller en
		enn er et etter for fordi fra før ha hadde han hans har hennes her hos hun hva hvem hver hvilke hvilken hvis hvor hvordan
		hvorfor i ikke ikkje ingen inn ja jeg kan kom kun kunne man mange med meg mellom men mer mi min mitt mot mye ned noe noen
		nå når og også om opp oss over på seg selv si sin sine sitt skal skulle slik som så til under ut uten var ved vi vil ville
		vår være vært å`

	stopDanish = `af alle alt anden at blev blive bliver da de dem den denne der deres det dette dig din disse dit dog du efter eller
		en end er et for fordi fra før ham han hans har havde have hende hendes her hos hun hvad hvem hvis hvor hvordan hvorfor i
		ikke ind ingen jeg jer jo kan kunne man mange med meget men mig min mine mit mod ned noget nogle nu når og også om op os
		over på sig sin sine sit skal skulle som sådan til ud under uden var ved vi vil ville vor være været`

	stopFinnish = `ei eivät emme en et ette että ja jos joka jossa jotka kanssa kun kuin kuka me mikä minkä minä mitä mutta muu myös
		ne niiden niin niitä no nyt näiden nämä ole olen olet oli olla olivat on ovat se sekä sen siellä siinä sinä sitä tai te
		tämä tämän tässä tätä vaan vai vain voi vuoksi`

	stopRussian = `а без более бы был была были было быть в вам вас вдруг ведь во вот все всего всех вы где да даже для до его ее если
		есть еще же за здесь и из или им их к как какой когда кто ли либо мне может мы на надо нам нас не него нее нет ни них но ну
		о об однако он она они оно от по под после при про с со так также такой там те тем то того тоже той только том тот ты у уже
		хотя чего чем что чтобы эта эти это этого этой этом этот я`
)
