"""Closed classes of English words, all in lower case, and a few open ones that grammar needs."""


def word_set(words: str) -> frozenset[str]:
    """The words of a text, parted by white space."""
    return frozenset(words.split())


ARTICLES = word_set("a an the")
OWNERS = word_set("my our your his her its their whose")
DETERMINERS = (
    ARTICLES
    | OWNERS
    | word_set(
        "this that these those every each all both some any no another most many several few "
        "either neither such"
    )
)
FIRST_PERSON = word_set("i we my our me us mine ours")
PRONOUNS = word_set("i we you he she it they one who everyone everybody people")
# Of these nobody can tell whom they mean once the sentence stands alone.
ABSENT = word_set(
    "he she it they him them his her its their hers theirs this that these those here there"
)
BE = word_set("is are was were am be been being isn't aren't wasn't weren't 's're")
HAVE = word_set("has have had having hasn't haven't hadn't")
DO = word_set("does do did doesn't don't didn't")
MODALS = word_set(
    "can could may might must shall should will would cannot can't couldn't mustn't shouldn't "
    "won't wouldn't"
)
AUXILIARIES = BE | HAVE | DO | MODALS
FINITE_BE = word_set("is are was were am isn't aren't wasn't weren't")
COPULAS = word_set("is was are were")
RELATIVES = word_set("who whom whose which that where when")
PREPOSITIONS = word_set(
    "of in at by on from as to for into after before near with about through over under against "
    "within between during upon behind beside below above across along around inside outside "
    "onto towards toward since until till via per like without beneath beyond opposite past "
    "throughout off"
)
# Those that what is told may follow even behind a complement ("was sold to X in").
STRONG = word_set("of in at by on from as to for into after")
PARTICLES = word_set("up down out off away back over along around together apart forward ahead")
ADVERBS = word_set(
    "not also now still once then later first always often usually sometimes never ever currently "
    "just only already soon today again almost nearly mostly mainly best previously even ago "
    "very too quite really currently long twice"
)
SUBJECT_NAMING = word_set("called named titled entitled nicknamed dubbed christened")
ADJECTIVES = word_set(
    "afraid allergic famous good bad engaged responsible similar proud fond interested loyal "
    "jealous angry tired scared close far rich full capable based available compatible immune "
    "resistant vulnerable equal native endemic home subject due open closed busy happy careful "
    "part keen short worth next adjacent involved married related known located due ready  north "
    "south east west inferior superior opposed parallel perpendicular attached"
)
JOINERS = word_set(
    "of the de van von der den du des la le del della di da dos al el bin ibn y and & upon"
)
FUNCTION_WORDS = (
    DETERMINERS
    | PRONOUNS
    | RELATIVES
    | FINITE_BE
    | word_set(
        "in on at by of from as to for since during before after what how why does do did and "
        "or but"
    )
)
NUMBER_WORDS = word_set(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen  sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty "
    "ninety  hundred thousand million billion dozen half"
)
ORDINALS = word_set("first second third fourth fifth sixth seventh eighth ninth tenth last")
TIMES = word_set(
    "am pm a.m. p.m. noon midnight monday tuesday wednesday thursday friday saturday sunday "
    "mondays tuesdays wednesdays thursdays fridays saturdays sundays weekdays weekends january "
    "february march april may june july august september october november december spring summer "
    "autumn fall winter today tomorrow christmas easter morning evening night o'clock"
)
IRREGULAR_PLURALS = word_set(
    "people children men women mice geese feet teeth police cattle sheep fish deer data media"
)
# Their capital is that of a sentence's beginning: "Members of the Otter Club", "Parking at".
MEMBERS = word_set(
    "members employees customers residents owners guests pupils students staff visitors tenants "
    "players trustees directors shareholders subscribers"
)
OPENING_NOUNS = MEMBERS | word_set(
    "parking breakfast lunch dinner supper admission access membership rent delivery shipping "
    "wolves bees children people flights trains buses"
)
# What a verb of saying or thinking is followed by is a sentence of its own.
SAYING = word_set("say think know believe hope claim mean hear feel find see show read say state")
# Words between the copula and "of" that do not single out one thing: not to be turned about.
# Nouns that say of what sort a name is that follows them: "the language Dutch", "the city of Oslo".
CLASS_NOUNS = word_set(
    "language instrument network channel city town village country state region continent book "
    "film movie song album band company developer label religion position role title category "
    "field area location organization genre office rank province district island river planet "
    "brand model series team club"
)
# They end in "ly" and are no adverbs.
LY_NOUNS = word_set(
    "family supply reply assembly ally bully belly jelly butterfly monopoly anomaly lily rally "
    "melancholy daily weekly monthly yearly only friendly lovely early italy july"
)
SHARED_NOUNS = word_set(
    "part property work result product kind type sort form example member citizen fan friend "
    "victim name sign symbol subject cause case element component subclass instance piece"
)
# Verbs that are as often nouns: "trains" may be more than one thing.
THINGS = word_set(
    "answer attack balance bank base bet bill block boast book border boss brew broker brush "
    "build burn cable call campaign cast cause chair challenge change charge chat check claim "
    "climb coach code comment commission contact contract control cook copy cost cough count "
    "couple cover crash cross cry cure cut dance date deal debut delay design desire dial display "
    "dive divorce doubt draft dream dress drill drink drive drop end exchange exercise exhibit "
    "export face fall fear feature fight file film find fire flood flow fly force form frame fuel "
    "function fund gain garden grant guard guess guide handle harvest hit honour host hunt import "
    "increase influence interest interview issue joke judge jump kick kiss knight label land "
    "laugh launch lease leave lecture level license lie light link list load lock log look love "
    "march mark market master match matter measure mention mentor mind mine mix model monitor "
    "mount move murder name need nest note notice number nurse object offer order pack paint park "
    "partner pass patent patrol peel permit phone photograph pilot place plan plant play point "
    "post power practice present press print process program programme promise protest pump "
    "purchase question queue race rain range rank rate record regret reign release report rescue "
    "reserve respect result return review reward ride ring rise risk rival roll rule run sail "
    "salute sample scan score scream screen search season set shape share shelter ship shoot shop "
    "shout show sign signal slip smell smile sort sound speed spell split sponsor spot spread "
    "spring stage stain stand star start state stay step stick stock stop store stream stress "
    "stretch string study supply support surprise swing switch talk taste telephone test tie "
    "touch tour trace track trade train transfer transport travel treat trick trip trust try turn "
    "type update upgrade use value view visit volunteer vote wait walk watch wind wish wonder "
    "work worry"
)

PLACE_KINDS = (  # what lies somewhere, as a pattern
    "town|city|village|hamlet|municipality|suburb|district|county|province|region|borough|"
    "neighbourhood|neighborhood|river|lake|mountain|volcano|island|peninsula|bay|harbour|harbor|"
    "port|valley|street|square|park"
)
NAMED_KINDS = (  # what stands in front of a name and is no part of it, as a pattern
    "novel|book|film|movie|song|album|band|opera|play|poem|painting|magazine|newspaper|series|game|"
    "app|company|firm|startup|brand|city|town|village|river|lake|mountain|island|country|ship|boat|"
    "restaurant|pub|hotel|museum|singer|author|writer|painter|actor|actress|footballer|poet|"
    "composer|politician|scientist|philosopher|historian|bakery|cafe|café|bar|shop|bookshop|store|"
    "school|college|hospital|clinic|church|theatre|theater|cinema|gallery|library|club|team|project|"
    "server|service|tool|website|blog|podcast|newsletter|journal|comic|musical|symphony|show|sitcom|"
    "drama|novella|airline|brewery|winery|orchestra|choir|farm"
)
