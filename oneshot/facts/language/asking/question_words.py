"""Words that decide how a question is put: who, where, when or what."""

from oneshot.facts.language.splitting.lexicon import word_set

PERSON_NOUNS = word_set(
    "man woman person boy girl child someone friend neighbour neighbor colleague partner roommate "
    "father mother brother sister son daughter husband wife spouse parent uncle aunt cousin "
    "nephew  niece grandfather grandmother grandson granddaughter girlfriend boyfriend twin "
    "sibling  president king queen emperor empress prince princess mayor governor minister "
    "chancellor  senator ambassador ceo cto cfo chairman chairwoman chairperson chair director "
    "manager boss  leader head founder cofounder owner landlord landlady tenant author writer "
    "poet novelist  composer singer drummer guitarist pianist musician conductor painter sculptor "
    "artist  architect designer inventor discoverer creator developer maintainer engineer "
    "scientist  physicist chemist doctor physician dentist nurse vet lawyer judge teacher tutor "
    "professor  supervisor adviser advisor mentor coach trainer captain pilot driver goalkeeper "
    "referee  winner champion editor publisher translator journalist producer actor actress star "
    "host  presenter hero heroine protagonist villain narrator secretary treasurer accountant "
    "employer manufacturer maker broadcaster supplier representative spokesperson spokesman "
    "assistant butler cook chef baker barber hairdresser  plumber electrician gardener cleaner "
    "caretaker janitor babysitter nanny librarian curator  patron sponsor successor predecessor "
    "heir bishop pope priest pastor rabbi imam commander  character saint general admiral "
    "detective student pupil employee intern client customer headmaster headmistress principal "
    "godmother godfather goddaughter godson godparent admin administrator flatmate housemate "
    "lodger vicar carer bassist vocalist keyboardist violinist cellist striker defender midfielder "
    "sheriff warden stepfather stepmother stepson stepdaughter fiancé fiancée groom bride ex "
    "deputy clerk keeper porter guardian executor"
)
WHEN_NOUNS = word_set("birthday deadline anniversary")
# "The city of Oslo" is Oslo: it has no city.
NAMED_NOUNS = word_set(
    "city town village state university battle isle bay gulf republic kingdom county month year "
    "port house bank lord"
)
MASS_NOUNS = word_set(
    "water gold silver iron copper lead zinc tin mercury oxygen hydrogen nitrogen helium carbon "
    "ice steam light sound air glass wood steel bronze paper milk bread butter cheese rice sugar "
    "salt coffee tea wine beer honey oil petrol coal sand snow rain wheat cotton wool silk "
    "leather  aluminium aluminum steel sulphur sulfur uranium plutonium lithium sodium blood"
)
# Where something is or is done: "in" and "at" behind them ask for the place.
PLACED = word_set(
    "be live work reside stay sleep study teach die lie stand sit grow meet play perform park "
    "stop  land start begin end finish happen occur take hang rest wait shop eat dine swim train "
    "marry  settle nest hide retire graduate exist appear operate arrive lodge move serve keep "
    "hold find  bear base locate situate headquarter found form establish build bury store record "
    "film make  create manufacture produce publish house raise educate hide plant place keep open "
    "launch  register discover invent celebrate show exhibit display see sell buy sign crown "
    "shoot station set"
)
# What befalls somebody or is done to a thing happens where an "in" with a name says.
BEFALLING = word_set("break injure hurt sprain fracture lose leave catch win crash spend rent own")
# One leaves or sells a thing "to" somebody.
GIVING = word_set("leave give sell lend bequeath award owe entrust donate dedicate")
GOING = word_set(
    "move go travel fly drive walk return migrate emigrate relocate sail drive commute retire "
    "escape"
)
# They have no object.
ALONE = word_set(
    "come go expire happen arrive die live occur sleep fall rise depart exist appear disappear "
    "emerge sit lie stand laugh retire resign erupt collapse"
)
# Their objects are people.
WITH_PEOPLE = word_set("marry divorce hire employ star befriend interview date engage wed")
# Their objects may be people or things, which a bare name does not tell.
WITH_ANYONE = word_set(
    "like love hate know see watch follow admire miss trust fear defeat beat meet support prefer "
    "succeed replace precede visit feature help call want need remember represent join face find "
    "include influence inspire respect believe adore envy recommend mention describe depict"
)
# What does them need not be a person.
DONE_BY_THINGS = word_set(
    "border surround cause power cover destroy damage fuel bound connect separate join heat"
)
DONE_BY_ANYTHING = word_set(
    "influence inspire follow precede replace succeed support protect represent affect"
)
WORK_FOR = word_set("work play write drive ride vote fight sing act race")
WHAT_OF = word_set(
    "part member citizen capital make consist compose native component national resident subclass "
    "kind type form example element translate write"
)
PRICED = word_set("cost weigh earn pay charge owe")
LASTING = word_set("last take run need require bake cook simmer boil roast soak")
MEASURES = word_set(
    "population area height length width depth diameter capacity budget surface turnover revenue "
    "weight speed temperature price value salary density circumference elevation volume mass"
)
DIMENSIONS = {
    "old": "old", "long": "long", "high": "high", "tall": "tall", "wide": "wide", "deep": "deep",
    "thick": "thick", "heavy": "heavy",
}  # fmt: skip
NEAR_PLACES = word_set(
    "within near under behind beside inside outside above below opposite between next across "
    "along on"
)
