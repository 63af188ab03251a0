"""English verbs: irregular forms, common regular ones, and rules for the rest."""

from functools import lru_cache
from typing import NamedTuple

from oneshot.facts.language.splitting.lexicon import word_set

# Base, past and participle where they differ from the rule; alike ones stand once.
_IRREGULAR = """
abide abode; arise arose arisen; awake awoke awoken; be was been; bear bore born; beat beat beaten;
become became become; befall befell befallen; begin began begun; bend bent; bet bet; bid bid;
bind bound; bite bit bitten; bleed bled; blow blew blown; break broke broken; breed bred;
bring brought; broadcast broadcast; build built; burst burst; buy bought; cast cast; catch caught;
choose chose chosen; cling clung; come came come; cost cost; creep crept; cut cut; deal dealt;
dig dug; do did done; draw drew drawn; drink drank drunk; drive drove driven; eat ate eaten;
fall fell fallen; feed fed; feel felt; fight fought; find found; flee fled; fling flung;
fly flew flown; forbid forbade forbidden; forecast forecast; foresee foresaw foreseen;
forget forgot forgotten; forgive forgave forgiven; freeze froze frozen; get got; give gave given;
go went gone; grind ground; grow grew grown; hang hung; have had; hear heard; hide hid hidden;
hit hit; hold held; hurt hurt; input input; keep kept; kneel knelt; knit knit; know knew known;
lay laid; lead led; leave left; lend lent; let let; lie lay lain; light lit; lose lost; make made;
mean meant; meet met; mislead misled; mistake mistook mistaken; misunderstand misunderstood;
mow mowed mown; offset offset; outdo outdid outdone; outgrow outgrew outgrown; outrun outran outrun;
outsell outsold; overcome overcame overcome; overdo overdid overdone; overhear overheard;
oversee oversaw overseen; overtake overtook overtaken; overthrow overthrew overthrown; pay paid;
prove proved proven; put put; quit quit; read read; rebuild rebuilt; redo redid redone;
resell resold; reset reset; rethink rethought; rewrite rewrote rewritten; rid rid;
ride rode ridden; ring rang rung; rise rose risen; run ran run; saw sawed sawn; say said;
see saw seen; seek sought; sell sold; send sent; set set; sew sewed sewn; shake shook shaken;
shear sheared shorn; shed shed; shine shone; shoot shot; show showed shown; shrink shrank shrunk;
shut shut; sing sang sung; sink sank sunk; sit sat; slay slew slain; sleep slept; slide slid;
sling slung; slit slit; sow sowed sown; speak spoke spoken; speed sped; spend spent; spin spun;
spit spat; split split; spread spread; spring sprang sprung; stand stood; steal stole stolen;
stick stuck; sting stung; stink stank stunk; stride strode stridden; strike struck; string strung;
strive strove striven; swear swore sworn; sweep swept; swell swelled swollen; swim swam swum;
swing swung; take took taken; teach taught; tear tore torn; tell told; think thought;
throw threw thrown; thrust thrust; tread trod trodden; undergo underwent undergone;
understand understood; undertake undertook undertaken; undo undid undone; uphold upheld;
upset upset; wake woke woken; wear wore worn; weave wove woven; wed wed; weep wept; wet wet;
win won; wind wound; withdraw withdrew withdrawn; withhold withheld; withstand withstood;
wring wrung; write wrote written
"""
# Regular verbs are listed to know them from nouns, and to know where a past form drops its e.
_REGULAR = """
abandon absorb accept accompany accuse ache achieve acquire act adapt add address adhere adjoin
adjourn administer admire admit adopt advertise advise affect agree aid aim air allow amaze
amount amuse analyse announce answer apologise appeal appear applaud apply appoint approach
approve argue arrange arrest arrive ask assemble assist associate assume attach attack attend
attract audit avoid award back bake balance ban bank base believe belong bill blame bless block
board boast boil book border borrow boss bother bounce brew broker brush bully burn bury cable
cache calculate call campaign cancel capture care carry carve cater cause celebrate chair
challenge change chant charge chase chat cheat check cheer chew circulate cite claim classify
clean clear climb close clothe coach code collaborate collapse collect combine command comment
commission communicate commute compare compete compile complain complete compose comprise compute
concern conclude conduct confer confess confirm connect conquer consider consist construct
consult consume contact contain continue contract contribute control convert cook cooperate copy
correspond cough count couple cover crash crawl create cross cry cultivate cure damage dance
dare date debut decide declare decorate defeat defend defer define delay deliver demand deny
depart depend depict deploy depose derive describe deserve design desire destroy detect develop
dial die differ digest dine direct disagree disappear discontinue discover discuss dislike
display distribute dive divide divorce dominate donate double doubt download draft drag dream
dress drill drop dry earn edit educate elect embrace emerge emigrate employ empty enable
encompass encounter encourage end endorse endure enforce engage enjoy enlist enrol entail enter
entertain equal erect escape establish estimate evaluate evolve excel exchange exclude execute
exercise exhibit exist expand expect expel expire explain explore export express extend face
fade fail fasten favor favour fear feature fetch file fill film finance finish fire fish fit fix
flavour flood flow focus fold follow force form found frame frighten fry fuel fulfil function
fund gain gamble garden gather generate glow govern grab graduate grant graze greet guard guess
guide handle happen harvest hate haul head heal heat help hesitate hire honor honour hope host
house hunt hurry identify ignite ignore illuminate illustrate imagine import improve include
incorporate increase indicate infect influence inform inhabit inherit injure innovate insist
inspect inspire install instruct insure intend interact interest interview introduce invade
invent invest investigate invite involve issue jog join joke judge juggle jump justify kayak
kick kill kiss knight knock label lack land last laugh launch lean learn lease lecture level
license lick like link list listen live load lobby locate lock lodge log look love lower
maintain manage manufacture march mark market marry master match matter measure melt mend
mention mentor merge migrate mind mine miss mix model modify monitor motivate mount move
multiply murder name narrate need neighbour nest nominate note notice number nurse nurture obey
object observe obtain occupy occur offer officiate open operate oppose orbit ordain order
organise organize originate outlive overlap overlook overrule owe own pack paint park
participate partner pass patent patrol pause peel perform permit persuade phase phone photograph
pick pilot pioneer place plan plant play plead please pledge point polish possess post pour
power practice practise praise pray preach precede prefer premiere prepare prescribe present
preserve preside press prevent print process produce program programme progress promise promote
pronounce propose prosecute protect protest provide publish pull pump punish purchase pursue
push qualify question queue quote race rain raise range rank rate reach react realise realize
rear rebel receive recite recognise recognize recommend reconcile record recover recruit recycle
reduce refer refine reflect reform refuel refuse regard register regret regulate rehearse reign
reinforce
reject rejoin relate relax release relocate rely remain remember remind remove rename render
renew renovate rent reopen repair repeat repel replace reply report represent reproduce require
rescue
resemble reserve reside resign resist respect respond rest restart restore restrict result
retain retire retrieve return reveal review revise revive revolve reward rinse risk rival roast
rob roll rotate round rule rush sail salute sample satisfy save scan scare score scratch scream
screen sculpt search season secede secure select separate serve settle shape share shave shelter
ship shop shout sign signal simulate ski skip slip slow smell smile smoke smuggle solve sort
sound span specialise specialize specify spell sponsor spot squeeze stage stain star stare start
state station stay steer stem step stipulate stitch stock stop store stream stress stretch
stroll structure study subscribe succeed suffer suggest suit sum supervise supply support
suppose surprise surrender surround survive suspect sustain swap switch symbolise symbolize
tackle talk tame taste tease telephone terminate test thank tie toggle touch tour tow trace
track trade train transfer transform translate transport travel treat trick trigger trip trust
try turn tutor twin type undermine unite unlock update upgrade upload urge use utter value
vanish vary ventilate veto view visit volunteer vote vow wait walk want warm warn wash waste
watch water weigh welcome whisper whistle wield wipe wish wonder work worry worship wrap yell
yield
"""
_DOUBLED = word_set(
    "admit ban chat confer control defer drag drop enrol excel expel fit grab jog log occur "
    "permit plan prefer program refer regret repel rob scan ship shop skip slip span spot star "
    "step  stem stop sum swap trip twin wrap knit rid quit cancel label level model travel signal"
)


# Before them no silent e was dropped from a past form.
_WHOLE = tuple(word_set("pt ct nt ft mp nk ck sk nd ld rm rn rt rk lk lt wn sh ss ay oy ey"))


class Form(NamedTuple):
    """What a word may be a form of: `kind` is base, third, past, done (participle) or ing."""

    base: str
    kind: str


def third(base: str) -> str:
    """He, she or it does so: works, goes, carries, has."""
    if base in ("be", "have"):
        return {"be": "is", "have": "has"}[base]
    if base.endswith("y") and base[-2:-1] not in "aeiou":
        return base[:-1] + "ies"
    return base + ("es" if base.endswith(("s", "sh", "ch", "x", "z", "o")) else "s")


def past(base: str) -> str:
    """The simple past."""
    return _irregular()[base][0] if base in _irregular() else _ed(base)


def participle(base: str) -> str:
    """The past participle."""
    return _irregular()[base][1] if base in _irregular() else _ed(base)


def gerund(base: str) -> str:
    """The form in -ing."""
    if base.endswith("ie"):
        return base[:-2] + "ying"
    if base.endswith("e") and not base.endswith(("ee", "oe", "ye")) and base != "be":
        return base[:-1] + "ing"
    return (base + base[-1] if base in _doubled() else base) + "ing"


@lru_cache(maxsize=1)
def forms() -> dict[str, tuple[Form, ...]]:
    """All forms of the listed verbs."""
    found: dict[str, dict[Form, None]] = {}
    for base in dict.fromkeys([*_irregular(), *_REGULAR.split()]):
        made = (base, third(base), past(base), participle(base), gerund(base))
        for word, kind in zip(made, ("base", "third", "past", "done", "ing"), strict=True):
            found.setdefault(word, {})[Form(base, kind)] = None
    return {word: tuple(kinds) for word, kinds in found.items()}


def is_form(word: str, *kinds: str) -> bool:
    """Whether a listed verb has the word as one of these kinds of forms."""
    return any(form.kind in kinds for form in forms().get(word, ()))


def base_of(word: str, kind: str) -> str | None:
    """The base that a word of this kind belongs to; None where that is not sure."""
    known = {form.base for form in forms().get(word, ()) if form.kind == kind}
    if known:
        return known.pop() if len(known) == 1 else None
    return _base_of_third(word) if kind == "third" else _base_of_past(word, kind)


def _base_of_third(word: str) -> str | None:
    if not word.endswith("s") or word.endswith(("ss", "us", "is")) or len(word) < 4:
        return None
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("ses", "zes")):  # teases, but also focuses
        return None
    return word[:-2] if word.endswith(("shes", "ches", "xes", "sses", "zzes", "oes")) else word[:-1]


def _base_of_past(word: str, kind: str) -> str | None:
    """The word without "ed" where no e can have been dropped: erupted, not zorbled."""
    stem = word.removesuffix("ed")
    sure = kind in ("past", "done") and word.endswith("ed") and len(stem) > 3
    return stem if sure and stem.endswith(_WHOLE) else None


@lru_cache(maxsize=1)
def _irregular() -> dict[str, tuple[str, str]]:
    rows = (row.split() for row in _IRREGULAR.split(";"))
    return {row[0]: (row[1], row[-1]) for row in rows}


@lru_cache(maxsize=1)
def _doubled() -> frozenset[str]:
    short = {
        base
        for base in _irregular()
        if base[-1] in "bdgmnpt" and base[-2] in "aeiou" and base[-3:-2] not in "aeiou"
    }
    open_ends = {"broadcast", "forecast", "open", "outgrow", "hear", "mean", "broken"}
    return _DOUBLED | (short - open_ends)


def _ed(base: str) -> str:
    if base.endswith("e"):
        return base + "d"
    if base.endswith("y") and base[-2] not in "aeiou":
        return base[:-1] + "ied"
    return (base + base[-1] if base in _DOUBLED else base) + "ed"
