"""What a customer wants, by the words alone. Pure.

An intent is read from patterns that many wordings share; whether the knowledge base answers is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Protocol

from shared.wording import stem, words

# -- What is wanted


@dataclass(frozen=True, slots=True)
class Intent:
    """What a message is about.

    kind:    person, ticket, status, small_talk or question
    detail:  of a ticket its number, "mine" or "new"; of small talk greeting, thanks, solved, goodbye, acknowledged,
             feeling, bot, abilities, help or empty
    """

    kind: str
    detail: str = ""


def read(text: str) -> Intent:
    """What a message wants; a question where nothing else is recognised."""
    plain = " ".join(words(text))
    if not plain:
        return Intent("small_talk", "empty")
    if (_PERSON.search(plain) or _asks_for_somebody(plain)) and not _ABOUT_PEOPLE.search(plain):
        return Intent("person")
    if (ticket := _ticket(text, plain)) is not None:
        return Intent("ticket", ticket)
    if (talk := _small_talk(plain)) is not None:
        return Intent("small_talk", talk)
    if _is_status(plain):
        return Intent("status")
    return Intent("question")


def is_rude(text: str) -> bool:
    """Whether a message insults."""
    return _RUDE.search(" ".join(words(text))) is not None


def wants_guidance(text: str) -> bool:
    """Whether somebody asks to be led step by step."""
    return _GUIDE.search(" ".join(words(text))) is not None


def is_asking(text: str) -> bool:
    """Whether a message is worded as a question, and not as a need."""
    return text.rstrip().endswith("?") or _ASKS.match(" ".join(words(text))) is not None


def follows(text: str) -> bool:
    """Whether a message leans on what was said before."""
    plain = " ".join(words(text))
    return _FOLLOWS.match(plain) is not None or points(text)


def points(text: str) -> bool:
    """Whether a short message speaks of something by a pronoun only."""
    plain = " ".join(words(text))
    return len(plain.split()) <= 12 and _POINTS.search(plain) is not None


def asks_on(text: str) -> bool:
    """Whether a message asks on about a state: since when, how long, whether it is over."""
    return _ON.match(" ".join(words(text))) is not None


def asks_of_another(text: str) -> bool:
    """Whether a message speaks of another one of what was spoken of, or of all."""
    return _ANOTHER.search(" ".join(words(text))) is not None


def subject(text: str) -> list[str]:
    """The stems of the words that say what a message is about."""
    return [stem(word) for word in words(text) if word not in _EMPTY]


def strangeness(text: str) -> float:
    """How much more than other questions one must be met to be answered, 0 to 1, by its wording.

    A knowledge base tells how things are done. It seldom tells whether something is offered or what it costs, and it
    writes no texts and has no opinions.
    """
    plain = " ".join(words(text))
    more = [more for more, pattern in _STRANGE if pattern.search(plain)]
    return max([*more, TYPED * (_TYPED.search(text) is not None)])


def language(text: str) -> str:
    """The language of a text: de, fr, es, it, pt, nl or pl where its small words say so, else en."""
    said = words(text)
    found = {code: sum(word in small for word in said) for code, small in _SMALL_WORDS.items()}
    code, count = max(found.items(), key=lambda each: each[1])
    english = sum(word in _ENGLISH for word in said)
    return code if count > english and count >= max(1, len(said) / 6) else "en"


# -- People

_HUMAN = (
    r"(human( being)?s?|(real|actual|live|living|proper|genuine|physical) (person|people|someone|agents?"
    r"|humans?|support"
    r"|assistance|help|staff|being)|operators?|representatives?|supervisors?|live (chat|support|agents?)|mensch(en)?"
    r"|mitarbeiter(in)?|humain|humano|personne (reelle|humaine)|persona (real|humana)|conseiller)"
)
_SOMEBODY = (
    r"(agents?|persons?|people|boss|bosses|management|whoever|those in charge|somebody|someone|some one|anyone"
    r"|anybody|no one|nobody|reps?|managers?|technicians?"
    r"|engineers?|(\w+ )?department"
    r"|specialists?|experts?|employees?|advisors?|consultants?|colleagues? of yours|(one|some|any|a) of (you|your \w+)"
    r"|(a |an )?(colleague|member) (of|from) (the |your )?(staff|team|support)|a colleague|staff"
    r"|(customer |technical |tech "
    r"|support |your |the )?(support|team|service|care|sales|helpdesk|help desk))"
)
_TO = r"( \w+){0,2}? (to|with|through to|over to|on to|from|by)( \w+){0,3}? "
_PERSON = re.compile(
    "|".join(
        (
            r"\b(talk|speak|chat|talking|speaking|chatting|discuss|complain|connect|transfer|forward|escalate|hand"
            r"|pass"
            rf"|put|redirect|switch|route|refer|sprechen|reden)({_TO}| )({_HUMAN}|{_SOMEBODY})\b",
            rf"\b({_HUMAN}|{_SOMEBODY})( \w+){{0,4}} (to talk|to speak|to chat|talk|speak|chat|call|phone|ring|contact"
            rf"|write to|take over|take this over|look at|have a look|looks at)\b",
            r"\b(want|need|prefer|like|demand|require|request|get|give|send|bring|find|have|having|where|there|is"
            r"|are|some"
            rf"|any|no|an?|another|to|with|by)( \w+){{0,3}} {_HUMAN}\b",
            r"\b(get|give|find|send|bring|call|fetch|want|need) (me |us )?(a |an |some )?(agent|person|somebody"
            r"|someone"
            r"|colleague|engineer|technician|manager|supervisor|expert)( \w+)?$",
            r"\b(get|fetch|grab|call) (a|one of your|your) (colleague|person|agent|manager|engineer)s?\b",
            r"\bto be (called|contacted|phoned)\b|\b(fed up|annoyed|done|enough|frustrated) (\w+ )?(with|of"
            r"|by) (this|the|a) (bot|machine"
            r"|robot|chatbot|assistant)\b|\b(get|give|send) me (some )?support\b",
            r"\b(will|mochte|brauche|einen|mit|bitte) (\w+ )?mensch(en)?\b",
            r"\b(make|file|have|want to|like to|where can i|how (can|do) i) (a )?complain(t)?\b|\bhotline\b"
            r"|\btelephone support\b"
            r"|\b(can|could|may) (i|we) (call|phone|ring) (you|someone|somebody|support)\b|\b(someone"
            r"|somebody) on the phone\b"
            r"|\b(please |just )(contact|call|phone|ring) (me|us)\b|\blive help\b",
            r"\b(reach|get hold of|get through to|find|contact)( \w+){0,2} (human|person|agent|operator"
            r"|representative)s?\b",
            r"\b(you|bot|assistant|it) (dont|doesnt|do not|does not|cant|cannot) (understand|help) me\b"
            r"|\bgoing in circles\b",
            r"\b(mit|von) (jemand\w*|einer person|dem support|eurem support|kundenservice)\b.*\b(sprechen|reden"
            r"|verbinden|chatten)\b",
            r"\b(sprechen|reden|verbinden) mit (jemand\w*|support|mensch\w*)\b|\bquelquun\b|\bun humain\b"
            r"|\bservice client\b",
            r"\b(alguien|agente humano|operador|una persona)\b.*\b(hablar|ayudar|humano|real)\b|\bhablar con\b",
            r"\b(parlare|parlo) con\b|\boperatore\b|\bfalar com\b|\b(atendente|czlowiekiem|konsultantem|medewerker)\b",
            r"\bwho can i (talk|speak|turn) to\b|\bone of your (people|colleagues|staff|agents|engineers|team)\b",
            r"\b(call|phone|ring) (me|us)( back)?\b|\bcall ?back\b|\b(phone number|number)\b.*\bcall you\b",
            r"\b(someone|somebody|anyone) (real|human|competent|who (knows|understands|can help))\b",
            r"\b(escalate|escalation)\b|\b(hand|take) (this |it |me )?over\b",
            rf"^(a |an |the |your |my |pls |please |just )*({_HUMAN}|agent|person|support|support (agent|team|staff)"
            r"|customer (service|support|care)|real support|staff|manager|help ?desk)( please| now| pls| plz"
            r"| thanks| here)*$",
            rf"\b({_HUMAN}|agent|customer service|support agent)( please| pls| plz| now)\b",
            r"\b(menschen?|mitarbeiter(in)?) (sprechen|reden|chatten|verbinden|bitte)\b"
            r"|\bmit einem (\w+ )?(menschen|mitarbeiter)\b",
            r"\b(no|not|stop|stupid|hate|without|enough|instead of|rather than|sick of|tired of|dont want|do not want)"
            r" (\w+ ){0,4}(bot|bots|robot|robots|machine|machines|chatbot|ai)\b",
            r"^(i )?(want|need|would like|id like|have) (to )?(contact|reach|talk to|speak to) (support|you|sales)\b",
            r"^(please )?contact support\b",
            r"\b(parler|discuter|echanger) (a|avec) (un|une|quelqu\w*)\b|\b(hablar|chatear) con (un|una|alguien)\b",
            r"\b(parlare|parlo) con (un|una|qualcuno)\b|\bfalar com (um|uma|alguem)\b",
            # whether anybody is there
            r"^((hello|hi|hey|is|are|um|so|well|ok|please|there|still|does) )*(any|some)(one|body)( (there|here|home"
            r"|real"
            r"|human|alive|around|online|available|listening|awake|in|out|at|else|who|to|help|can|me|reading|this|now"
            r"|at all))+$",
            rf"\b({_SOMEBODY}|your team|colleagues?) (\w+ ){{0,2}}(around|on duty|online|available) ?(now|right now"
            rf"|today"
            r"|at the moment|please|for a chat|to help)?$",
            # hand me over, without a word of whom to
            r"\b(transfer|connect|forward|redirect|escalate|patch|pass) (me|us|my (call|chat|case|issue)|this|it)"
            r"( (on|over|through|along|up|please|pls|now|then|already|immediately|asap|right now|to))*$"
            r"|\b(put|patch|get) (me|us) through\b|\bhand me (over|on)\b|\bpass me (on|over|along)\b",
            # a number to call
            r"\b(is there|are there|do you have|have you|got|give|whats|what is|need|want|send|where is"
            r"|where can i find"
            r"|find|any|no|a|your) (\w+ ){0,3}(phone|telephone|support|hotline|helpline|contact|call) ?(number|line"
            r"|phone)\b(?! (of|for) )"
            r"|\bnumbers? (\w+ ){0,4}(call|ring|phone|dial|reach you)\b|\b(phone|telephone|call) support\b"
            r"|\b(support|help|contact) (by|over|via|on) (the )?(phone|telephone)\b|\bhelpline\b"
            r"|^(\w+ ){0,3}(how|where) (can|do|could) (i|we) (call|phone|ring|reach|contact) (you|support|your \w+"
            r"|customer \w+|someone|somebody|anyone)\b"
            r"|\b(on|over|by|via) (the )?(phone|telephone)$|\b(lodge|raise|register|submit) (a )?complaint\b",
            # the assistant does not do
            r"\b(not|dont|wont|rather not|no) (\w+ ){0,3}(talk|speak|talking|speaking|chat|chatting) (to|with) (a "
            r"|an |the )?"
            r"(computer|program|software|algorithm)\b|\bout of this (bot|chat|chatbot|loop)\b",
            r"\b(this|the|your|that|such an?|dumb|silly) (\w+ )?(bot|chatbot|robot|chat ?bot"
            r"|ai) (is|isnt"
            r"|does|doesnt|cant|cannot|keeps?|never|just|wont|has|s) ",
            r"\bstop (giving|sending|showing|quoting|pasting|posting|telling|throwing|offering) (me |us )?(\w+ ){0,3}"
            r"(articles?|links?|docs?|documentation|answers?|texts?|stuff|faqs?|same)\b"
            r"|\b(enough|sick|tired|fed up) (of |with )?(\w+ ){0,2}(articles|links|docs|canned|automated|automatic)\b"
            r"|\b(canned|automated|automatic|robotic|scripted|copy paste|copy pasted) (\w+ )?(answers?|replies"
            r"|responses?"
            r"|messages?)\b|\b(you|your answers?|your replies|this chat) (is|are|re|youre)? ?(not |no |dont |doesnt )"
            r"(being |any |of )?(much )?(help|helping|helpful|use)( me| us| at all| here)*$"
            r"|^(\w+ ){0,2}youre (not helping|no help|not helpful)\b",
            r"\b(nobody|no one|noone|somebody|someone|anybody|anyone) (there )?(ever |is |will |can |please |even "
            r"|at all )*"
            r"(help|helps|helping|listens?|listening|cares?) ?(me|us|here|out|me out|please)*$",
            # somebody by what they can
            r"\b(need|want|get|give|find|send|like|speak|talk|is|there|have|rather) (\w+ ){0,3}(some|any)(one|body)"
            r" (real|human|competent|else|capable|able|technical|senior|higher|responsible|in charge|qualified|with"
            r" (a brain|knowledge|authority|experience)|(who|that) (\w+ ){0,2}(can|could|knows?|understands?|helps?|is"
            r"|actually|really|reads?|thinks?|works))\b",
            # in other languages
            r"\b(kann|konnte|konnen|will|mochte|brauche|gibt es|bitte|geben|verbinde\w*|gib|ist) (\w+ ){0,4}"
            r"(mitarbeiter\w*|mensch\w*|berater\w*|jemand\w*|ansprechpartner\w*|supportmitarbeiter\w*)\b"
            r"|\b(veux|voudrais|besoin|puis|peux|avoir|passez) (\w+ ){0,4}(humain\w*|conseill\w+|personne|quelquun"
            r"|operateur|agent)\b|\b(quiero|necesito|puedo|hay|pasame|deme) (\w+ ){0,4}(persona|humano|alguien|agente"
            r"|operador)\b|\b(voglio|vorrei|posso|bisogno) (\w+ ){0,4}(persona|umano|operatore|qualcuno)\b"
            r"|\b(quero|preciso|posso) (\w+ ){0,4}(pessoa|humano|atendente|alguem)\b|\b(wil|graag|kan) (\w+ ){0,4}"
            r"(mens|medewerker|iemand)\b",
            r"\b(iemand|medewerker|mens) (spreken|praten)\b|\b(mit|einen|einem|einer) (\w+ )?(berater|person"
            r"|kollegen)\b",
        )
    )
)
_SOMEBODY_ALONE = frozenset(
    words(
        "human humans person people agent agents rep representative operator advisor adviser supervisor"
        " manager staff support"
        " helpdesk hotline phone mensch menschen mitarbeiter mitarbeiterin berater kollege jemand"
        " jemandem ansprechpartner"
        " humain humaine personne conseiller conseillere agente humano humana persona operador operatore alguien"
    )
)
_WISHES = frozenset(
    words(
        "a an the i we me us my to with want wants wanna need needs please pls plz now just get give"
        " talk speak chat call real"
        " live actual direct would could can like some any one you your of from rather only immediately urgently asap"
        " enough stop no yes ok okay already finally damn ffs at last again hello hi hey straight right here there"
        " instead this bot robot machine not another different is are have available"
        " je j veux voudrais un une parler a avec svp s il vous plait besoin d de ich wir will mochte"
        " mochten brauche einen"
        " einem eine einer mit bitte sprechen reden echten echter quiero necesito hablar con por favor real vrai vraie"
    )
)


def _asks_for_somebody(plain: str) -> bool:
    """Whether a message says nothing but that somebody is wanted."""
    said = plain.split()
    return any(word in _SOMEBODY_ALONE for word in said) and all(
        word in _SOMEBODY_ALONE or word in _WISHES for word in said
    )


_ABOUT_PEOPLE = re.compile(
    r"^(hi |hello |hey |please |and |so )*how (do|can|to|should|would) (\w+ )?(give|stop|put|connect|redirect"
    r"|forward|send|route"
    r"|run|start|make|set|let|share|switch|pass)\b"
    r"|\b(invite|add|remove|permissions?|roles?|members?(?! of (staff|your|the))|delete|reset|database"
    r"|bucket|project|vpn"
    r"|instance|kubernetes|cluster|password)\b"
    r"|^(when|what time|until when|how (late|long|fast|soon)|at what time|which hours|what are)\b"
    r"|\b(einladen|hinzufugen|entfernen|inviter|ajouter|invitar|anadir)\b"
    r"|\b(change|update|wrong|new|lost|old|my|our) (\w+ )?(phone|telephone) ?(number)?\b"
    r"|\byou are (a |an )?(human|person|people)\b|\bwith people (at|in|on|from|who)\b"
    r"|\b(am i|are you|is this|do i|did i)\b.*\b(talking|speaking|chatting|a|an) (to |with )?(a |an )?(\w+ )?(human"
    r"|person|bot|robot|people|agent|operator)\b"
)

# -- Tickets

# the letters that a number may have
_CAPITALS = re.compile(r"[A-HJKMNP-TV-Z]{7}")
_NUMBER = re.compile(r"\bcf[\s\-–#:_]{0,2}([0-9a-z]{7})\b", re.IGNORECASE)
_TICKET = r"(tickets?|cases?|support requests?|requests?|incident report|inquir(y|ies)|enquir(y|ies))"
_NEW_TICKET = re.compile(
    rf"\b(open|create|file|submit|raise|make|log|start|write|send|report|lodge|issue) ((a|an|the|me|us|my|new"
    rf"|another|support|this as) )*{_TICKET}\b"
    rf"|^((a|new|support|please|i want|i need|i would like|id like|a new) )+{_TICKET}( please)?$"
    rf"|\b(want|need|would like|id like) (to )?((open|have|file|create|a|an|new|get) )+{_TICKET}\b"
    r"|\b(turn|make|convert) this (chat |conversation )?(into |to )?a ticket\b|\bticket (eroffnen|erstellen"
    r"|aufmachen)\b"
    r"|\b(ouvrir|creer) un ticket\b|\b(abrir|crear) un (ticket|caso)\b"
)
_ASKING_HOW = re.compile(
    r"^(\w+ )?(how|where) (do|can|to|should|could|would|does)\b"
    r"|\b(higher|increase|quota|limit|refund|what (to|should i|do i) (put|write|include))\b"
)
_MY_TICKETS = re.compile(
    rf"\b(my|our|mine|the|that) ((open|last|latest|recent|old|existing|previous|current|other|own|support)"
    rf" )*{_TICKET}\b"
    rf"|\b(status|state|news|update|updates|progress|answer|reply|response) (of|on|about|for|to|regarding) ((a|my"
    rf"|our|the|this) )*((support|last|open) )*{_TICKET}\b"
    rf"|\b(list|show|see|view|which|what) (me )?((all|of|my|our|the|open) )*tickets\b|\btickets? (status|update"
    rf"|news)\b"
    rf"|^(my |our )?tickets?$|\b(mein(e|en|em|es|er)?|unser(e|en|es)?) tickets?\b|\bmes tickets?\b|\bmis tickets?\b"
    r"|\bi (opened|created|sent|filed|submitted|raised|wrote) (a|the|this|my|you a) ((support"
    r"|new) )*(tickets?|case|request)\b"
    rf"|\b(anything|something|whats|what is|what|any|where) (\w+ ){{0,3}}(with|to|about|on|from|is) (my|our)"
    rf" ((\w+) )?{_TICKET}\b|\b(close|cancel|reopen|withdraw|find|see|check|track|follow up on|look up) ((all|of|my|our"
    rf"|the|a|open|old|past) )+{_TICKET}\b|^(my|our) (\w+ )?{_TICKET}\b"
    rf"|\b(do i|do we|are there|have i|did i) (\w+ )?(any|open|some|other|more|still) (\w+ )?{_TICKET}\b"
    r"|\b(any|no|still no|got no|without|got an|when (do|will) (i|we) get|waiting for|wait for|waiting on|where is)"
    r" (a |an |any |my |our |the |your )?(reply|replies|answer|response|reaction|feedback|word|update)s? (from (you"
    r"|support"
    r"|your|anyone|anybody|the team)|(to|on|about|regarding) (my|our|the) (ticket|case|request|message|mail|email"
    r"|question"
    r"|problem|issue))\b"
    r"|\b(nobody|no one|noone|you never|you havent|you have not|you didnt|havent you|have you|did you|has (anyone"
    r"|anybody"
    r"|somebody|someone)|did (anyone|anybody|somebody|someone)) (\w+ ){0,2}(answer(ed)?|repl(y|ied)|respond(ed)?"
    r"|look(ed)?"
    r"|read|processed?|deal(t)?|receiv(ed|e)|g[eo]t) (\w+ )?(my|our) (\w+ )?(ticket|case|request|message|mail|email"
    r"|question"
    r"|issue|report)s?\b"
    r"|\bi (wrote|written|emailed|mailed|contacted|asked|messaged|reported) (to )?(you|support|it|this|you guys|your"
    r" (team|support)) (\w+ ){0,6}(ago|yesterday|last|on \w+day|this morning|already|days|weeks|twice|times)\b"
    r"|\b(anybody|anyone|someone|somebody|you) (\w+ )?(looked at|working on|answered|replied to|responded to"
    r"|processed) (my|our) (request|message|problem|question|issue|mail|email)\b"
)
_NOT_OWN = re.compile(
    r"\b(pull|http|api|requests? (per|limit)|service|k8s|pod|resource|memory|cpu|quota|large) requests?\b"
)


def _is_number(letters: str) -> bool:
    """Whether this is a ticket's number and no word as in "cf-console"; one in fourteen numbers has no digit."""
    return any(letter.isdigit() for letter in letters) or _CAPITALS.fullmatch(letters) is not None


def _ticket(text: str, plain: str) -> str | None:
    if (number := _NUMBER.search(text)) and _is_number(number[1]):
        return f"CF-{number[1].upper()}"
    if _NOT_OWN.search(plain):
        return None
    if _MY_TICKETS.search(plain) and not re.search(r"\b(open|create|file|submit|raise) (a|an|new|another)\b", plain):
        return "mine"
    return "new" if _NEW_TICKET.search(plain) and not _ASKING_HOW.search(plain) else None


# -- Small talk

_FILLERS = frozenset(
    words(
        "please so very much a lot lots again all the for your you u to it is was that thats this and well oh ah lol"
        " ok okay just now really everyone there guys team support bot assistant today i im me my once dear sir madam"
        " mate"
    )
)
_TALK: Mapping[str, frozenset[str]] = {
    "solved": frozenset(
        words(
            "solved fixed resolved works worked working helped helpful did trick fine good great perfect yes thanks"
            " thank"
        )
    ),
    "thanks": frozenset(
        words(
            "thanks thank thx ty tysm cheers appreciate appreciated grateful many great awesome perfect help helping"
            " answer info information danke schon merci gracias grazie obrigado bedankt dankeschon vielen dank beaucoup"
            " muchas mille kind nice quick amazing wonderful excellent fantastic brilliant cool super"
        )
    ),
    "goodbye": frozenset(
        words(
            "bye goodbye byebye cya later see have nice day evening weekend good night take care farewell tschuss adios"
            " ciao"
            " wiedersehen auf revoir au tschau done nothing else no thats"
        )
    ),
    "greeting": frozenset(
        words(
            "hi hello hey heya hiya hallo hola bonjour salut moin servus ciao howdy greetings yo good morning afternoon"
            " evening"
            " day guten tag morgen abend buenos dias buongiorno ola welcome sup hoi dag"
        )
    ),
    "acknowledged": frozenset(
        words(
            "ok okay k kk yes yeah yep yup no nope sure alright right fine cool got it understood see makes sense good"
            " great"
            " nice perfect hm hmm mhm ja nein si oui non right then gotcha noted awesome wow"
        )
    ),
}
_MARKERS: Mapping[str, re.Pattern[str]] = {
    "solved": re.compile(
        r"\b(solved|fixed|resolved|(it|that|this|now|everything|all) (works|worked|is working|did it|did the trick)"
        r"|works now|working now"
        r"|helped( me)?( a lot)?|that did it|did the trick|no longer needed|problem (is )?(gone|over))\b"
    ),
    "thanks": re.compile(
        r"\b(thanks|thank|thx|ty|tysm|cheers|appreciated?|danke\w*|merci|gracias|grazie|obrigado|bedankt|vielen"
        r" dank)\b"
    ),
    "goodbye": re.compile(
        r"\b(bye|goodbye|byebye|cya|see (you|ya)|farewell|tschuss|adios|revoir|wiedersehen|take care|good night"
        r"|(have a|nice|good) (\w+ )?(day|evening|weekend)$|nothing else)\b"
    ),
    "greeting": re.compile(
        r"\b(hi|hello|hey|heya|hiya|hallo|hola|bonjour|salut|moin|servus|ciao|howdy|greetings|yo|good (morning"
        r"|afternoon|evening|day)|guten (tag|morgen|abend)|buenos dias|buongiorno|ola|sup|hoi)\b"
    ),
    "acknowledged": re.compile(r"."),
}
_NOT_SOLVED = re.compile(
    r"^(has|have|is (it|the|this|my)|was|will)\b"
    r"|\b(not|didnt|doesnt|isnt|still|never|nothing|cant|wont|but|how|what|where|why|when|if)\b"
)
_PHRASES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "feeling",
        re.compile(
            r"^(\w+ ){0,2}(how are you|how r u|how is it going|hows it going|how do you do|whats up|how have you"
            r" been)\b(?!.*\b(billing|charging|able)\b)"
        ),
    ),
    (
        "bot",
        re.compile(
            r"\b(are|r) (you|u) (\w+ )?(a |an |the )?(real |actual |some )?(bot|robot|human|person|machine|ai"
            r"|chatbot|computer|chatgpt|gpt|alive|program|assistant)\b"
            r"|\bam i (talking|speaking|chatting) (to|with)\b|\b(who|what) are you\b|\bwhats? (is )?your name\b|\bis"
            r" this a (bot|robot|person|human|real person)\b"
            r"|\bwho (made|built|created|wrote|programmed) you\b|\bdo you have a name\b"
        ),
    ),
    (
        "abilities",
        re.compile(
            r"\bwhat (can|could|do|all can) you (do|help|know|answer)\b|\bhow (can|could|do) you help\b|\bwhat (are"
            r" you|is this) (for|good for|chat for)\b"
            r"|\bwhat can i ask( you)?\b|\bhow does this (chat|assistant|bot) work\b|^what (is|are) your (skills"
            r"|capabilities|features)\b"
        ),
    ),
    (
        "thanks",
        re.compile(
            r"^(\w+ ){0,2}(you|u|this|that)( are| is| were| was)? (really |so |very |quite |a |an |the )*(smart"
            r"|clever|great"
            r"|good|nice|kind|helpful|amazing|awesome|cool|funny|cute|best|brilliant|fantastic|wonderful)( \w+)?$"
            r"|^(i )?(love|like) (you|this)( \w+)?$|^(very |really |so )*(well done|good (job|bot|work)|nice (one"
            r"|work))$"
        ),
    ),
    (
        "acknowledged",
        re.compile(
            r"^(\w+ )?(test|testing|test test|ping|check|hm+|wrong (window|chat|tab)|sorry( wrong \w+)?|never ?mind"
            r"|forget it|forget about it|my (bad|mistake)|just (testing|looking|browsing))$"
            r"|^sorry\b.*\bwrong (window|chat|tab)\b"
        ),
    ),
    ("greeting", re.compile(r"^(\w+ )?(nice|pleased|good) to (meet|see) you$")),
    (
        "help",
        re.compile(
            r"^(\w+ ){0,2}(i )?(need|want|have|got|require)( \w+)? (some |a |an |your )?(help|question|questions"
            r"|problem|issue|assistance|support|quick question)( please| with something| with my account| for you|"
            r" here)*$"
            r"|^(please |hello |hi |hey )*(help|help me|assist|support|assistance|sos)( please| me| me please|"
            r" pls)*$|^(\w+ ){0,2}(can|could|would|will) you (please )?(help|assist)( me| us)?( please| with"
            r" something)*$"
            r"|^(\w+ ){0,2}(is )?(anybody|anyone|somebody|someone) (there|here)$|^(\w+ )?(it|something|everything"
            r"|nothing) (does not|doesnt|isnt|is not|is)? ?(work|works|working|broken)( \w+)?$"
        ),
    ),
)
_RUDE = re.compile(
    r"\b(fuck\w*|shit\w*|bullshit|crap|asshole|bastard|bitch|idiots?|idiotic|moron\w*|stupid|dumb|useless|worthless"
    r"|pathetic|garbage|trash|suck|sucks"
    r"|piece of junk|scum|losers?|shut up|screw you|go to hell|damn you|wtf|hate you|incompetent|rubbish|arsch\w*"
    r"|scheiss\w*|blod\w*|merde|mierda)\b"
)


def _small_talk(plain: str) -> str | None:
    for detail, pattern in _PHRASES:
        if pattern.search(plain):
            return detail
    said = plain.split()
    if len(said) > 14:
        return None
    solved = _MARKERS["solved"].search(plain)
    if solved and not _NOT_SOLVED.search(plain) and len(said) <= 9:
        return "solved"
    every = frozenset().union(*_TALK.values())
    if not all(word in every or word in _FILLERS for word in said):
        return None
    return next((detail for detail, marker in _MARKERS.items() if detail != "solved" and marker.search(plain)), None)


# -- Status

_STATE = (
    r"(down|up|offline|online|working|operational|available|unavailable|broken|out|degraded|affected|impacted|alive"
    r"|running|stable|reachable"
    r"|unreachable|responding|slow|ok|okay|fine|normal|wrong|healthy|having (\w+ ){0,2}(issues?|problems?|trouble"
    r"|difficulties|outages?))"
)
_YOURS = (
    r"(you|your|yours|everything|anything|something|things|the (platform|system|systems|service|services|site|cloud"
    r"|region)|platform|cloud ?factory|services|systems"
    r"|all (services|systems)|eu central|eu north|region)"
)
_EVENT = (
    r"(outages?|incidents?|disruptions?|downtimes?|maintenance|interruptions?|known (issues?|problems?)"
    r"|service (issues?|problems?)|storung|storungen|ausfall|panne|averia)"
)
_SERVICE = (
    r"(compute|instances?|servers?|vms?|virtual machines?|databases?|db|postgres|postgresql|mysql|object storage"
    r"|storage|s3|buckets?|networking|network|load balancers?"
    r"|vpn|firewalls?|kubernetes|k8s|clusters?|dns|name ?servers?|console|api|dashboard|control panel|login|sign in"
    r"|billing|payments?|website|portal)"
)
_STATUS = re.compile(
    "|".join(
        (
            rf"^(\w+ ){{0,3}}(is|are|isnt|arent|was|were) ((the|your|this|all|of|managed|cloud|anything|something"
            rf"|everything) )*({_SERVICE}|{_YOURS})( \w+){{0,3}} {_STATE}\b",
            r"\b(do|did|does|have|has|are) (you|your|the|others|other customers|anybody|anyone|everyone|everybody"
            r"|cloud factory)( \w+){0,4} (have|having|had|has|see|seeing|know of|experience|experiencing|know"
            r" about|aware of) ((any|an|some|a|the|known) )*(\w+ )?(issues?|problems?|trouble|difficulties|outages?"
            r"|incidents?)\b",
            rf"\b(any|an|is there|are there|current|currently|known|ongoing|active|planned|scheduled|upcoming"
            rf"|general|global|major|another) ((a|an|any|some|known|planned|scheduled|current|ongoing|kind|of"
            rf"|general|major) )*(\w+ )?{_EVENT}\b",
            rf"^((current|the|any|latest|show|check|me|please|platform|service|system|cloud|whats|what|is|give)"
            rf" )*{_EVENT}( (right now|now|today|at the moment|in \w+( \w+)*|currently|report|reports|news|update"
            rf"|updates|please))*$",
            rf"^{_SERVICE}( \w+)? (outage|down|offline|incident|downtime)( right now| now| today| at the moment| for"
            rf" everyone| again| or what)*$",
            r"\b(system|systems|platform|service|services|server|network|cloud|current|overall|health|live) status\b"
            r"|\bstatus ?page\b",
            rf"\b(status|state|health) (of|for|on) ((the|your|all|managed|our) )*({_SERVICE}|{_YOURS}|everything)\b"
            rf"|\b{_SERVICE} status\b|^status( please| now| check| update)?$",
            r"\b(everything|anything|all|something|things) (\w+ )?(ok|okay|fine|running|up|wrong|broken|down"
            r"|operational|working|normal|alright|good|going on) ?(\w+ ){0,3}(your (side|end)|with you|there|right"
            r" now|at the moment|now|today)\b",
            r"^(is |are )?(the |your )?(cloud ?factory|platform|site|service|everything)( \w+)? (down|offline|dead"
            r"|broken)\b",
            r"^(cloud ?factory|platform|site) (down|offline|dead|broken)\b",
            r"\b(how is|hows|how are) (the |your |all )?(platform|services|systems|cloud|infrastructure)\b"
            r"( (doing|running|today|now))*$",
            rf"\bwhen (will|is|does) ((the|this|your) )*({_SERVICE} )?(outage|incident|disruption|maintenance)\b",
            rf"\b(any|there|some|known|general|have|having|see|seeing) (\w+ ){{0,2}}(problems?|issues?|trouble"
            rf"|difficulties) (with|in|on|at)"
            rf" ((the|your|all) )*({_SERVICE}|region)\b|^{_SERVICE} (problems|issues|trouble)( today| now"
            rf"| right now)*$",
            rf"^{_YOURS} (down|offline|unavailable)( \w+)?$|\beu \w+ \d( \w+)? (down|offline|outage|problems?"
            rf"|issues?)\b",
            r"\b(seems?|looks?|appears?) (to be |like )?(\w+ ){0,2}(down|offline)\b.*\b(you|your|everyone"
            r"|general|outage|incident|known)\b",
            r"\bdown for (everyone|everybody|others|all|anyone|me)\b|\b(just|only) me\b.*\b(down|else|problem"
            r"|outage)\b|\bothers? (\w+ )?(affected|too|as well)\b",
            rf"\bwhats?( is)? (wrong|going on|up|happening) with (the|your) ({_SERVICE}|platform|services?)\b"
            rf"|\b(problem"
            rf"|problems|issues?|trouble) (with|in|on|at) (the|your) {_SERVICE}( \w+){{0,2}} (right now|at the"
            rf" moment|today|currently|now)\b",
            # problems by themselves, of a time or a side
            r"\b(any|a|an|some|known|general|more|have|having|see|seeing|there) (\w+ )?(problems?|issues?|trouble"
            r"|difficulties|hiccups?)( (right now|now|today|tonight|at the moment|currently|ongoing|known|(this"
            r"|since this)"
            r" (morning|afternoon|evening)|going on|going|with (you|cloud ?factory|the (platform|cloud|system"
            r"|service))|at"
            r" cloud ?factory|in (eu|the) \w+( \d)?|there|here|and))+$",
            rf"\b{_EVENT}( (right now|now|today|tonight|tomorrow|currently|(this|next|the|over the|on the) (week"
            rf"|weekend|"
            rf"morning|evening|afternoon|night)|at the moment|going on|planned|scheduled|ongoing|on \w+day))+$"
            rf"|\b(do|did|have|will|had) (you|we|cloud ?factory) (\w+ ){{0,3}}{_EVENT}\b",
            rf"\b(anything|something|sth|whats|what is|what|is|are|things) (\w+ ){{0,2}}(wrong|up|broken|off"
            rf"|happening|going"
            rf" on|down|amiss|fishy|weird|cooking) (with|at|in|on) ((the|your|all|managed) )*({_SERVICE}|region|eu"
            rf"|cloud"
            rf" ?factory|platform|you|you guys|your (side|end|systems|services))\b",
            rf"\b(a|an|any|the|some|current|known|general) ({_EVENT}|problems?|issues?|trouble|incidents?)( (with|in"
            rf"|on|at|for"
            rf"|of|affecting|right now|now|today))+ ((the|your|all|managed) )*({_SERVICE}|region|eu|platform)"
            rf"( (right now|now|today|service|services|at the moment|currently|in \w+( \w+){{0,2}}))*$",
            rf"^((hi|hello|hey|so|is|are|the|your|all|managed|did|has|have|does) )*{_SERVICE}( (service|services|api))?"
            rf"( (still|also|currently|really|completely|go|gone|again|having|have|has|just))* (down|offline"
            rf"|unavailable|"
            rf"unreachable|degraded|(a |an |any )?(outage|problems?|issues?|incident|trouble))"
            rf"( (right now|now|today|at the moment|currently|again|or (is it|just|only) me|for (you|everyone"
            rf"|all)( too)?))*$",
            rf"\b(which|what) (of )?((your|the|other|cloud) )*(services?|systems?|regions?|parts?) (\w+ )?(is|are|were)"
            rf" (\w+ )?{_STATE}\b|\b(which|what) (services?|systems?|regions?) {_STATE}$",
            r"\b(is it|does it|it) (\w+ )?(work|working|works|down|broken|slow) for (\w+ )?(others?|everyone|everybody"
            r"|anyone|anybody|other customers|people|you)( else)?$",
            rf"^((the|your) )*{_SERVICE} (broken|dead|gone|outage)( again| now| right now| today)*$"
            rf"|\bha(s|ve) ((the|your|this|that) )*({_SERVICE} )?{_EVENT} (\w+ )?(ended|over|fixed|resolved|solved|been"
            r" \w+|finished)\b",
            rf"\b(is|are|was|were) (there )?(\w+ ){{0,3}}{_STATE} (on|at|in) (your|the) (side|end|region|platform)\b",
            r"\b(gibt es|liegt|habt ihr|haben sie) (\w+ ){0,3}(storung\w*|ausfall|ausfalle|probleme)\b",
            r"\b(y a ?t ?il|avez ?vous|il y a) (\w+ ){0,3}(panne|incident|probleme)\b|\b(hay|tienen) (\w+ ){0,3}(averia"
            r"|incidencia|problema|caida)\b",
        )
    )
)
_SURELY_STATUS = re.compile(
    rf"\b(how long|when|since when|until when) (will|is|does|did|has|do) ((the|this|your) )*({_SERVICE} )?{_EVENT}\b"
    rf"(?!.*\b(for|of|during|to) (a|an|my|our) )"
    r"|\b(is|isnt|was) (it|this|that|the (problem|issue|fault)) (\w+ )?(you|yours|your (fault|side|end)|on your"
    r" (side|end)|at your (side|end)|me or you|us or you|you or (me|us)|cloud ?factory|a (known|general|wider|global"
    r"|bigger) \w+)( \w+)?$|\b(anyone|anybody|everyone|everybody|others|other customers|other people) (else )?(\w+ )?"
    r"(having|seeing|experiencing|reporting|has|have|see|affected|notic\w+) (\w+ ){0,3}(problems?|issues?|trouble|this"
    r"|that|same|outages?|errors?)\b|\b(anyone|anybody|everyone|everybody) (else )?affected\b"
    r"|\bon your (side|end)\b|\beverything (\w+ )?green\b|\b(service|platform|system) health\b"
    r"|\bis it (just|only) (me|us)\b|\bknown (issue|problem|outage|incident)s?\b|\bfor everyone else\b"
)
_NOT_STATUS = re.compile(
    r"\bmy (invoice|bill|card|payment|account|ticket|order|request)\b"
    r"|\b(why|how (do|can|to|long|much|should)|credit|compensation|refund|sla|promise|guarantee|maintenance window"
    r"|mean|means|error code|tickets?|after (an|the) outage"
    r"|what (happens|would happen|if)|in case of|because of|due to|(when|if|while|during|after|before) (i|we|you|my"
    r"|a|an|the|upgrad\w+|resiz\w+|chang\w+|migrat\w+|mov\w+)"
    r"|node status|health ?check|free|included|allowed|billed|charged"
    r"|encrypted|backed|public)\b"
    r"|\b(is|are|was|were) my\b(?!.*\b(everyone|everybody|others)\b)"
)


def _is_status(plain: str) -> bool:
    if _SURELY_STATUS.search(plain):
        return True
    return _STATUS.search(plain) is not None and _NOT_STATUS.search(plain) is None


# -- Questions

TYPED = 0.45
"""How strange a message is that is written for a machine: a script, a query, another speaker's line."""
_TYPED = re.compile(
    r"<(script|img|iframe|svg)\b|['\"]\s*;|;\s*--|\bor\s+1\s*=\s*1\b|\bunion\s+select\b|\{\{.*\}\}"
    r"|^\W*(system|assistant|user|admin|developer|instructions?)\s*:|\[/?(INST|system)\]"
    r"|\bfor \w+ in \w+\(.*\)\s*:",
    re.IGNORECASE,
)
_STRANGE = (
    (
        0.45,
        re.compile(
            r"\bwhat do you think\b|\byour (opinion|favou?rite|thoughts)\b|^(please |can you "
            r"|could you )*(tell me a"
            r"|write|compose|translate|recommend|sing|draw|imagine|pretend|act as|play|summari[sz]e|do my|book me"
            r"|order me)\b"
            r"|^(please |can you |could you )*(repeat|say|spell|count to|guess|rhyme|roleplay|role play)\b"
            r"|^when (was|were|did) (\w+ ){1,3}(founded|born|invented|discovered|built|established|started|die|died)\b"
            r"|\b(hack|break|sneak) (\w+ )?into\b(?! my| our)"
            r"|\bapply for a? ?(job|position|internship|visa|loan)"
            r"|\b(vacanc(y|ies)|internships?|careers?|job (offers?|openings?))\b"
            r"|^(can|could|may) (i|we) (\w+ )?(visit|tour|see|meet|come)( to| by)? (you|your)\b"
            r"|^who (was|won|invented|discovered)\b|\bignore (all|any|every|the|your|previous)\b|\b(system"
            r"|secret) prompt\b"
            r"|\b(of|from|about) ((all )?other|another|a different|somebody elses|someone elses) (customer|user|person"
            r"|account)s?\b"
            r"|\b(forget|disregard|override|bypass|reveal|repeat|print|show)( me)?( all| everything| any| of| the)*"
            r" (above|(your|hidden|these|previous) (rules|instructions?|prompts?|guidelines|configuration))\b"
            r"|\byou are now\b|\b(developer|god|jailbreak) mode\b"
            r"|^which \w+( \w+)? is (the )?(best|better)\b|\bjoke\b|\bpoem\b|\bmeaning of life\b"
        ),
    ),
    (
        0.2,
        re.compile(
            r"^(\w+ ){0,2}(do|does|will|would|are|is|can) (you|cloud factory|your \w+) (\w+ ){0,2}(offer|offering"
            r"|sell|provide"
            r"|have|support|rent|host|plan|planning|certified|compliant|hiring|accept|speak)\b"
            r"|^(\w+ ){0,2}is there (a|an|any|some)\b|^(can|could|may) (i|we) (run|rent|host|buy|install|use"
            r"|pay with)\b"
            r"|^(can|could|will|would) you (\w+ ){1,6}for (me|us)$"
            r"|\bhow much (does|do|is|are|would|will|for)\b|\bwhat (does|do) .* cost\b|\b(price|prices) (of|for)\b"
        ),
    ),
)
_GUIDE = re.compile(
    r"\b(guide|walk|lead|talk|take|step|steer|bring) (me|us) (through|step|to)\b|\bstep by step\b|\bguided?\b|\bgo"
    r" through (it|this|that) with me\b|\bone step at a time\b"
    r"|\b(help|assist) (me|us) (to |with )?(\w+ ){0,3}(reset|change|open|restore|rotate|replace|recover|fix|pay"
    r"|upgrade|resize|find out)\b|\btroubleshoot\b|\binteractive\b|\bwizard\b"
)
_ASKS = re.compile(
    r"^(hi |hello |hey |please |so |and |but |ok |also )*(how|what|whats|why|when|where|which|who|whose|can|could|do"
    r"|does|did|is|are|will|would|should|may|must|am|has|have|any|tell|explain|wie|was|warum|wo|wann|comment"
    r"|pourquoi|ou|quand|como|cuando|donde|por que)\b"
)
_FOLLOWS = re.compile(
    r"^(ok |okay |thanks |thx |thank you |great |alright |hm |hmm |so |well |yes |no )*(and (what|how|if|for|where"
    r"|when|why|can|do|is|in|with|after|then|the|on|does|will|should|could|who|which)\b"
    r"|and\b|but\b|what about\b|how about\b|what if\b|then\b|also\b|what else\b|where exactly\b|how exactly\b|how"
    r" long\b$|why\b$|how\b$|what now\b|still\b|same\b|in that case\b|und\b|et\b|y\b"
    r"|(that|it|this) (did not|didnt|does not|doesnt|do not|still)\b)"
)
_ON = re.compile(
    r"^(and |ok |okay |so |but |hm |thanks )*(since when|until when|till when|for how long|how (much )?long(er)?"
    r"|how bad|how"
    r" come|when (will|is|does|did|should)|(is|are|was|has) (it|they|this|that)|still|any (news|update|updates|eta"
    r"|idea)|eta"
    r"|whats (the (eta|cause|reason|matter)|wrong|happening|going on)|what (happened|is wrong|is the (cause|matter"
    r"|reason))"
    r"|and now|now|everything else|what else|who is affected|all of (it|them))"
    r"( (it|they|this|that|the|be|been|being|fixed|over|back|up|down|again|already|now|is|are|has|will|going|take"
    r"|last|so|far"
    r"|start|started|solved|resolved|still|end|ended|happen|happening|long|yet|then|broken|like|when|on|wrong|there"
    r"|normal"
    r"|working|better|please|going on|for|problem|issue|outage|repaired|done))*$"
)
_ANOTHER = re.compile(
    r"\b(other|others|another|all|rest|second|previous|next|last|first|older|newer) ?(one|ones|of them)?\b"
)
_POINTS = re.compile(
    r"\b(it|that|they|them|this|those|these|one|ones|there|both|same|the (first|second|third|last|other) one)\b"
)
_EMPTY = frozenset(
    words(
        "a about after again all also am an and any are as at be because been before being but by can cannot cant could"
        " did didnt do"
        " does doesnt dont down each for from get gets getting give go got had has have having hello help her here hey"
        " hi him his how i"
        " id if ill im in into is isnt it its ive just keep let like make me more most much my myself need no nor not"
        " now of off on once"
        " one only or other our out over own please really same say see set should show so some such tell than thank"
        " thanks that thats"
        " the their them then there these they thing this those through to too try under until up us use very want was"
        " way we well were"
        " what whats when where which while who whom why will with without wont work would yes yet you your"
    )
)

# -- Procedures

_FAILS = re.compile(r"\b(not|cant|cannot|doesnt|dont|isnt|wont|never|no longer|unable|couldnt|didnt|nothing)\b")


class Known(Protocol):
    """What of a procedure is looked at."""

    @property
    def key(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def triggers(self) -> Sequence[str]: ...


_CALLED = {
    stem(word): group.split()[0]
    for group in (
        "server vm vms instance machine vps droplet host box",
        "website site homepage webpage webshop shop",
        "reach reachable unreachable respond responding answer connect offline down",
        "login log signin sign",
        "database db postgres mysql postgresql",
        "fail failed failing declined decline refused rejected bounced returned",
        "invoice bill",
        "provision create creation creating deploy deployment start launch",
        "large larger bigger big upgrade more",
        "smaller small downgrade",
        "token key",
        "leak leaked stolen exposed compromised",
        "restore recover undelete",
        "authenticator 2fa mfa totp",
        "wrong incorrect",
        "block blocked blocks closed",
        "reset renew",
    )
    for word in group.split()
}


def match_procedures(text: str, procedures: Sequence[Known]) -> dict[str, float]:
    """How nearly a text words the need of each procedure, 0 to 1: 1.0 is one of its triggers.

    Compared are the words that carry a subject, both ways round, so that neither a long story nor a single word fits,
    and what few procedures speak of counts more.
    """
    needs = {
        procedure.key: [_needs(wording) for wording in (*procedure.triggers, procedure.title)]
        for procedure in procedures
    }
    spoken: dict[str, set[str]] = {}
    for key, wordings in needs.items():
        for word in (word for wording in wordings for word in wording):
            spoken.setdefault(word, set()).add(key)
    weights = {word: 1 / len(keys) ** 0.5 for word, keys in spoken.items()}
    said = _needs(text)
    return {key: max(_alike(said, wording, weights) for wording in wordings) for key, wordings in needs.items()}


def _needs(text: str) -> list[str]:
    """The words that carry a need, each by one name for what has several; what does not work is one of them."""
    found = [_CALLED.get(word, word) for word in subject(text)]
    if _FAILS.search(" ".join(words(text))):
        found.append("not")
    return list(dict.fromkeys(found))


def _alike(one: Sequence[str], other: Sequence[str], weights: Mapping[str, float]) -> float:
    there, back = _covered(other, one, weights), _covered(one, other, weights)
    return 2 * there * back / (there + back) if there + back else 0.0


def _covered(words: Sequence[str], by: Sequence[str], weights: Mapping[str, float]) -> float:
    """The share of the words, by weight, that others are the same as; one that no procedure knows weighs half."""
    total = sum(weights.get(word, 0.5) for word in words)
    return (
        sum(weights.get(a, 0.5) * max((_same(a, b) for b in by), default=0.0) for a in words) / total if total else 0.0
    )


def _same(one: str, other: str) -> float:
    if one == other:
        return 1.0
    if min(len(one), len(other)) < 4 or one[0] != other[0]:
        return 0.0
    ratio = SequenceMatcher(None, one, other).ratio()
    return ratio if ratio >= 0.8 else 0.0


# -- Languages

_ENGLISH = frozenset(
    words(
        "the a an is are how what when where why which can could do does i my me we our you your to for of on in with"
        " from not and"
        " it this that have has had will would should there any get please help need want"
    )
)
_SMALL_WORDS: Mapping[str, frozenset[str]] = {
    "de": frozenset(
        words(
            "ich du er wir ihr der die das den dem des ein eine einen einem einer mein meine meinen meinem nicht ist"
            " sind war wie wo wann"
            " warum welche kann kannst konnen muss habe haben hat mit und oder fur von zu zum zur auf bei nach bitte"
            " mir mich sich"
            " geht wird werden keine kein noch"
        )
    ),
    "fr": frozenset(
        words(
            "je tu il nous vous le la les un une des du de mon ma mes notre votre est sont pas ne comment pourquoi"
            " ou puis peux peut"
            " avec pour dans sur au aux et ce cette ca mot svp bonjour faire ai avons"
        )
    ),
    "es": frozenset(
        words(
            "yo el la los las un una unos mi mis nuestro su es son no como cuando donde por que puedo puede con para en"
            " del al y este esta"
            " tengo hay hola favor hacer se"
        )
    ),
    "it": frozenset(
        words(
            "io il lo gli un una mio mia nostro non come quando dove perche posso con per nel della di che sono ho fare"
        )
    ),
    "pt": frozenset(
        words(
            "eu o os um uma meu minha nosso nao como quando onde porque posso com para no da do que sao tenho fazer"
            " voce"
        )
    ),
    "nl": frozenset(
        words(
            "ik je wij het een mijn ons niet hoe wat waar wanneer waarom kan met voor van naar op zijn heb heeft moet"
            " geen"
        )
    ),
    "pl": frozenset(words("ja nie jak gdzie kiedy dlaczego czy moge mozna moj moja jest sa na do z w sie mam prosze")),
}
