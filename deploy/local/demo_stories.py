# ruff: noqa: E501  the texts are prose
"""The tickets of the demo: what customers of a cloud platform write, and how the conversations go."""

from __future__ import annotations

from dataclasses import dataclass

LENA, MAREK, PRIYA, TOMAS, SOFIE = "Lena Hofer", "Marek Dvorak", "Priya Raman", "Tomás Ibarra", "Sofie Lindqvist"
ANNA, JONAS, AMARA = "Anna Keller", "Jonas Weber", "Amara Osei"


@dataclass(frozen=True, slots=True)
class Step:
    """One call: `who` does `what` (reply, note, ask, take, resolve, reopen, close, priority, rate)."""

    who: str
    what: str
    text: str = ""
    files: tuple[str, ...] = ()
    score: int = 0


@dataclass(frozen=True, slots=True)
class Story:
    """One ticket; `key` never changes, because the idempotency keys are made of it."""

    key: str
    customer: str
    category: str
    priority: str
    subject: str
    description: str
    steps: tuple[Step, ...] = ()
    files: tuple[str, ...] = ()


def reply(who: str, text: str, *files: str) -> Step:
    return Step(who, "reply", text, files)


def note(who: str, text: str) -> Step:
    return Step(who, "note", text)


def ask(who: str, text: str) -> Step:
    return Step(who, "ask", text)


def take(who: str) -> Step:
    return Step(who, "take")


def resolve(who: str, text: str = "") -> Step:
    return Step(who, "resolve", text)


def reopen(who: str, text: str) -> Step:
    return Step(who, "reopen", text)


def close(who: str) -> Step:
    return Step(who, "close")


def priority(who: str, level: str) -> Step:
    return Step(who, "priority", level)


def rate(who: str, score: int, text: str = "") -> Step:
    return Step(who, "rate", text, score=score)


CLOSED = (
    Story(
        "bastion-timeout",
        LENA,
        "TECHNICAL",
        "HIGH",
        "SSH to the bastion host times out since this morning",
        "Since about 07:40 UTC nobody on our team can reach bastion-1 in eu-central-1. The instance shows as running, "
        "but ssh ends in a timeout. We changed nothing in the security group.",
        (
            take(ANNA),
            ask(
                ANNA,
                "I see the instance is up. Could you send me the output of `ssh -vvv` and the address you connect from?",
            ),
            reply(LENA, "Log attached. We come from 198.51.100.24, the office's address.", "ssh-debug.log"),
            note(ANNA, "The office's address changed from .23 to .24 last night; the allow list still has .23."),
            reply(
                ANNA,
                "Your security group allows 198.51.100.23, and you now come from 198.51.100.24. Has your provider "
                "given you a new address? Allowing 198.51.100.24/32 on port 22 should let you in.",
            ),
            reply(LENA, "That was it. Our provider moved us overnight without a word. We are in again, thank you!"),
            resolve(
                ANNA, "Glad that it works. A range that your provider confirms in writing would survive the next move."
            ),
            rate(LENA, 5, "Found within half an hour."),
            close(ANNA),
        ),
    ),
    Story(
        "vat-number",
        PRIYA,
        "BILLING",
        "LOW",
        "VAT number missing on the October invoice",
        "Invoice CF-2026-10-0417 does not carry our VAT number, so our accountants cannot book it. The number is in the "
        "billing profile. Please issue a corrected invoice.",
        (
            reply(
                AMARA,
                "The number was added on 3 November, after the invoice had been made. I have asked for a corrected one.",
            ),
            reply(
                AMARA,
                "The corrected invoice CF-2026-10-0417-A is in your billing area. The old one is marked as replaced.",
                "invoice-corrected.pdf",
            ),
            resolve(PRIYA),
            rate(PRIYA, 5),
            close(AMARA),
        ),
    ),
    Story(
        "lost-second-factor",
        MAREK,
        "ACCOUNT",
        "URGENT",
        "Locked out: lost the phone with my second factor",
        "My phone was stolen yesterday and my recovery codes are on it too. I am the only owner of our organisation and "
        "cannot sign in.",
        (
            take(AMARA),
            reply(
                AMARA,
                "I am sorry to hear that. We have ended all your sessions. To give you access again we have to call "
                "the number in the contract; would 14:00 today suit you?",
            ),
            reply(MAREK, "14:00 is fine, thank you."),
            note(AMARA, "Called the contract's number at 14:02, identity confirmed by the second contact."),
            resolve(
                AMARA,
                "Your second factor is reset. Please set up a new one at the next sign-in, print the recovery codes, "
                "and consider a second owner for the organisation.",
            ),
            rate(MAREK, 5, "Calm and careful. Exactly what I needed."),
            close(AMARA),
        ),
    ),
    Story(
        "slow-queries",
        TOMAS,
        "TECHNICAL",
        "MEDIUM",
        "Queries on the reporting database ten times slower after resize",
        "We moved reporting-db from 4 to 8 cores on Sunday. Since then the nightly report takes 50 minutes, not 5.",
        (
            take(JONAS),
            ask(JONAS, "Could you run `explain (analyze, buffers)` for one of the slow queries and attach the plan?"),
            reply(TOMAS, "Here is the plan of the worst one.", "query-plan.txt"),
            reply(
                JONAS,
                "The planner expects 12 rows and gets 4.1 million: the statistics are empty after the move. "
                "Please run `analyze` on the schema `reporting`; it takes a few minutes and locks nothing.",
            ),
            reply(TOMAS, "Back to 4 minutes 40. Could this be done automatically after a resize?"),
            note(JONAS, "Filed with the database team: run analyze after every resize."),
            resolve(JONAS, "I have passed this on to the team; it is planned for the next release."),
            rate(TOMAS, 4, "Solved. It should not have been my job, though."),
            close(JONAS),
        ),
    ),
    Story(
        "wildcard-certificate",
        SOFIE,
        "TECHNICAL",
        "HIGH",
        "Wildcard certificate was not renewed",
        "The certificate for *.meridian-analytics.example runs out in three days and the renewal shows as failed.",
        (
            take(ANNA),
            reply(
                ANNA,
                "The renewal checks a TXT record at _acme-challenge, and that name is delegated to a server which no "
                "longer answers. Once the delegation is removed we can start the renewal again.",
            ),
            reply(SOFIE, "An old delegation of ours, removed now."),
            resolve(ANNA, "Renewed: the new certificate is valid for 90 days and is served in all regions."),
            rate(SOFIE, 5),
            close(ANNA),
        ),
    ),
    Story(
        "egress-price",
        PRIYA,
        "BILLING",
        "MEDIUM",
        "Why did data transfer cost three times as much in September?",
        "The position 'data transfer out' went from 212 to 641 euros. We have no more customers than in August.",
        (
            take(AMARA),
            reply(
                AMARA,
                "Nearly all of it is one bucket, media-archive, between the 11th and the 14th: 4.9 TB to one address.",
            ),
            reply(PRIYA, "That was our own migration to the new archive. I had not known that it counts."),
            resolve(
                AMARA,
                "Transfers between regions count as transfer out. As the first of its kind we have credited 50 %.",
            ),
            rate(PRIYA, 4),
            close(AMARA),
        ),
    ),
    Story(
        "api-token-scopes",
        TOMAS,
        "GENERAL",
        "LOW",
        "Which scopes does a read-only API token need?",
        "We would like a token for our inventory script that can list instances and volumes, nothing else.",
        (
            reply(
                JONAS,
                "`compute:read` and `volumes:read` are enough. Tokens can also be limited to addresses and to a date.",
            ),
            resolve(TOMAS),
            close(JONAS),
        ),
    ),
    Story(
        "snapshot-restore",
        LENA,
        "TECHNICAL",
        "URGENT",
        "Restore of a volume snapshot stays at 0 %",
        "We need yesterday's snapshot of vol-orders-2 back. The restore has shown 0 % for forty minutes and orders are waiting.",
        (
            take(JONAS),
            note(JONAS, "Restore workers in eu-central-1b are out of space; storage on-call is on it."),
            reply(
                JONAS,
                "One storage node is full and your restore waits behind it. We are moving it to another node now.",
            ),
            reply(JONAS, "The restore is running: 38 %. At this speed it ends in about nine minutes."),
            reply(LENA, "Done, the volume is attached and orders are flowing again."),
            resolve(JONAS, "Very good. You will get a written account of the cause within two days."),
            reopen(LENA, "The written account has not come yet."),
            reply(JONAS, "You are right, and I am sorry. Here it is.", "incident-report.pdf"),
            resolve(LENA),
            rate(LENA, 4, "Quick help, slow paperwork."),
            close(JONAS),
        ),
    ),
)

RESOLVED = (
    Story(
        "dns-propagation",
        SOFIE,
        "TECHNICAL",
        "MEDIUM",
        "New DNS record is seen in some places only",
        "We pointed app.meridian-analytics.example to the new load balancer two hours ago. Half of our users still reach the "
        "old one.",
        (
            take(ANNA),
            reply(
                ANNA,
                "The old record had a lifetime of 24 hours, so resolvers may keep it until tomorrow at 09:15 UTC. Please "
                "leave the old load balancer on until then, and lower the lifetime a day before the next change.",
            ),
            reply(SOFIE, "That explains it. We keep the old one until tomorrow."),
            resolve(ANNA),
            rate(SOFIE, 4),
        ),
    ),
    Story(
        "bucket-403",
        TOMAS,
        "TECHNICAL",
        "HIGH",
        "Object storage answers 403 for a bucket that worked yesterday",
        "All our jobs fail with AccessDenied on analytics-raw since midnight. Same key, same code.",
        (
            take(JONAS),
            ask(JONAS, "Could you send me the request id of one refused call? It stands in the answer's header."),
            reply(TOMAS, "It is in this log, line 3.", "s3-access-denied.log"),
            reply(
                JONAS,
                "The key was due to end on 31 October at midnight; you set that when you made it. A new key with the "
                "same policy will do.",
            ),
            resolve(TOMAS),
            rate(TOMAS, 5, "Embarrassing, but quick."),
        ),
        ("s3-error.png",),
    ),
    Story(
        "invite-mails",
        MAREK,
        "ACCOUNT",
        "LOW",
        "Invitations to new colleagues never arrive",
        "I invited three people on Monday. None of them got a mail, and it is not in their spam folder.",
        (
            take(AMARA),
            reply(
                AMARA,
                "Your mail server refused all three, because it does not know our new sending address. Allowing "
                "notify.cloudfactory.example helps; I have sent the invitations again.",
            ),
            resolve(AMARA, "All three have been accepted, so I mark this as solved."),
        ),
    ),
    Story(
        "gpu-quota",
        SOFIE,
        "GENERAL",
        "MEDIUM",
        "Raise our quota for GPU instances to 16",
        "We start training a larger model on the first of December and need 16 GPUs in eu-west-2, at the moment we may use 4.",
        (
            take(AMARA),
            note(AMARA, "Capacity agreed with the region's planning until March."),
            resolve(AMARA, "Your quota in eu-west-2 is 16 from today. It is reserved until the end of March."),
            rate(SOFIE, 5),
        ),
    ),
    Story(
        "cron-twice",
        LENA,
        "TECHNICAL",
        "MEDIUM",
        "Scheduled function ran twice when the clocks changed",
        "Our stock count ran at 02:30 and again at 02:30 on the last Sunday of October, and booked everything twice.",
        (
            reply(
                ANNA, "The schedule is set to Europe/Berlin, where that half hour happened twice. In UTC it runs once."
            ),
            reply(LENA, "Of course. We changed the schedule to UTC and made the booking idempotent."),
            resolve(LENA),
            rate(LENA, 5),
        ),
    ),
    Story(
        "old-card",
        PRIYA,
        "BILLING",
        "HIGH",
        "The old credit card is still charged",
        "We replaced our card on 2 November. Yesterday's charge went to the old one and was refused by the bank.",
        (
            take(AMARA),
            reply(
                AMARA,
                "The new card was added but not chosen as the default. I have changed that and tried again: paid.",
            ),
            resolve(AMARA, "The receipt is in your billing area. No fee for the refused charge."),
        ),
        ("card-refused.png",),
    ),
    Story(
        "registry-pull",
        TOMAS,
        "TECHNICAL",
        "MEDIUM",
        "Image pulls from the registry are limited",
        "Our cluster gets 'too many requests' from the container registry at every roll-out.",
        (
            take(ANNA),
            reply(
                ANNA,
                "Pulls without sign-in are limited by address, and your 40 nodes share one. With an image pull secret the "
                "limit counts for your account and is a hundred times as high.",
            ),
            resolve(TOMAS),
            rate(TOMAS, 4),
        ),
    ),
)

WAITING = (
    Story(
        "node-not-ready",
        LENA,
        "TECHNICAL",
        "URGENT",
        "Two Kubernetes nodes are NotReady after the upgrade to 1.31",
        "We upgraded the pool 'general' last night. Two of six nodes do not come back; workloads squeeze onto the other four.",
        (
            take(ANNA),
            note(ANNA, "Both nodes still have the old CNI plug-in; looks like the upgrade hook was skipped."),
            ask(
                ANNA,
                "Could you send me the end of the kubelet's log of one of the two nodes, and tell me whether you use a custom "
                "start script in this pool?",
            ),
        ),
        ("kubectl-get-nodes.png",),
    ),
    Story(
        "vpn-drops",
        MAREK,
        "TECHNICAL",
        "HIGH",
        "Site-to-site VPN drops every hour",
        "The tunnel to our warehouse drops for about twenty seconds, exactly every hour. Scanners lose their session each time.",
        (
            take(ANNA),
            reply(
                ANNA, "Every hour sounds like the keys being exchanged anew. I am comparing the settings of both ends."
            ),
            ask(ANNA, "Which lifetime does your firewall use for phase 2, in seconds and in kilobytes?"),
        ),
    ),
    Story(
        "cost-centre",
        PRIYA,
        "BILLING",
        "LOW",
        "Split the invoice by cost centre",
        "Can the monthly invoice show a subtotal for each project? We book three projects to different cost centres.",
        (
            reply(AMARA, "Yes, by tags: each tag that you choose becomes a subtotal."),
            ask(AMARA, "Which tag holds your cost centre, and from which month would you like it?"),
        ),
    ),
    Story(
        "failover-lag",
        TOMAS,
        "TECHNICAL",
        "HIGH",
        "Read replica is 20 minutes behind",
        "Dashboards show old numbers. The replica's lag grows from 06:00 to 09:00 and comes down by noon.",
        (
            take(JONAS),
            reply(JONAS, "The replica applies changes on one core, and a job of yours rewrites a large table at six."),
            ask(
                JONAS,
                "May we move that job's target to a table of its own for a test on Thursday? It needs your agreement.",
            ),
        ),
        ("replica-lag.png",),
    ),
    Story(
        "sso-groups",
        SOFIE,
        "ACCOUNT",
        "MEDIUM",
        "Groups from our identity provider are not mapped to roles",
        "Single sign-on works, but everyone comes in as a viewer, whatever their group.",
        (
            take(AMARA),
            ask(
                AMARA,
                "Please send the attribute statement of one assertion (names only, no values): I expect `groups` there.",
            ),
        ),
    ),
    Story(
        "websocket-idle",
        LENA,
        "TECHNICAL",
        "MEDIUM",
        "Load balancer closes idle WebSocket connections",
        "Connections without traffic are closed after 60 seconds although we set the idle time-out to 10 minutes.",
        (ask(JONAS, "Is the time-out set on the listener or on the target group? The lower of the two counts."),),
    ),
    Story(
        "backup-retention",
        MAREK,
        "GENERAL",
        "MEDIUM",
        "Keep database backups for ten years",
        "Our auditors want yearly backups to be kept for ten years. Is that possible, and what would it cost?",
        (
            take(JONAS),
            reply(JONAS, "It is: yearly backups can go to the archive class, at about a tenth of the usual price."),
            ask(
                JONAS,
                "How large is the database today, and how fast does it grow in a year? Then I can work out the cost.",
            ),
        ),
    ),
)

IN_PROGRESS = (
    Story(
        "instance-unreachable",
        LENA,
        "TECHNICAL",
        "URGENT",
        "Compute instance web-3 unreachable, console stays black",
        "web-3 stopped answering at 13:05 UTC. A reboot from the console did not help, and the serial console stays black.",
        (
            take(ANNA),
            note(
                ANNA,
                "Host node h-2217 reports memory errors. Hardware on-call is informed; live migration is not possible.",
            ),
            reply(
                ANNA,
                "The machine under web-3 has a memory fault. We are starting your instance on another one; the disk is safe.",
            ),
            reply(
                LENA, "Thank you. Please tell me before it starts, we have to take it out of the load balancer first."
            ),
        ),
        ("console-black.png", "syslog-web-3.log"),
    ),
    Story(
        "connections-exhausted",
        TOMAS,
        "TECHNICAL",
        "HIGH",
        "Managed database refuses connections: too many clients",
        "Since the last release our API gets 'sorry, too many clients already' several times an hour.",
        (
            take(JONAS),
            ask(JONAS, "How many processes of the API run, and how large is the pool in each of them?"),
            reply(TOMAS, "24 processes with a pool of 10. The database allows 200, so I see the problem …"),
            reply(
                JONAS,
                "240 against 200, yes. Switch on the connection pooler of the database: it is one click and needs no "
                "change but the port. I am watching the graph with you.",
            ),
        ),
        ("database-connections.log",),
    ),
    Story(
        "double-charge",
        PRIYA,
        "BILLING",
        "HIGH",
        "We were charged twice for November",
        "Our bank shows two charges of 1,284.60 euros on 2 November. There is only one invoice.",
        (
            take(AMARA),
            note(AMARA, "Payment provider confirms a double capture; refund asked for, reference R-88213."),
            reply(
                AMARA,
                "You are right, the second one should not have happened. The refund is on its way and takes up to five "
                "banking days. I keep this open until you have it.",
            ),
        ),
        ("bank-statement.pdf",),
    ),
    Story(
        "ingress-502",
        SOFIE,
        "TECHNICAL",
        "HIGH",
        "One in a hundred requests ends with 502",
        "Our ingress shows about 1 % of 502, only for requests that follow a pause. Latency is normal.",
        (
            take(ANNA),
            reply(
                ANNA,
                "It looks as if your application closes idle connections after 5 s while the ingress keeps them for 60 s. "
                "Could you raise the keep-alive of the application to 75 s?",
            ),
            reply(SOFIE, "We will roll it out tonight and tell you tomorrow."),
        ),
    ),
    Story(
        "owner-left",
        MAREK,
        "ACCOUNT",
        "MEDIUM",
        "The owner of a project has left our company",
        "The project 'warehouse-legacy' belongs to a colleague who left in summer. Please make me its owner.",
        (
            take(AMARA),
            reply(AMARA, "We can do that with a letter signed by a managing director. A scan is enough."),
            reply(MAREK, "Attached.", "letter-of-authority.pdf"),
        ),
    ),
    Story(
        "object-listing",
        TOMAS,
        "TECHNICAL",
        "MEDIUM",
        "Listing a bucket with 40 million objects takes hours",
        "Our clean-up lists the whole bucket every night. It takes five hours and is billed by request.",
        (
            take(JONAS),
            reply(
                JONAS,
                "A daily inventory file fits better: it names all objects and costs a fraction. I will send you an example.",
            ),
        ),
    ),
    Story(
        "mail-port",
        LENA,
        "GENERAL",
        "LOW",
        "Is outgoing port 25 blocked?",
        "A small tool of ours sends reports by mail directly and gets no connection.",
        (
            reply(
                ANNA,
                "Port 25 is closed for new accounts. Port 587 with sign-in is open; which mail service do you use?",
            ),
            reply(LENA, "Our own, it takes 587 as well. We will change the tool."),
        ),
    ),
    Story(
        "audit-export",
        SOFIE,
        "GENERAL",
        "MEDIUM",
        "Export of the audit log for the last two years",
        "For our certification we need the audit log of the organisation from November 2024 until today.",
        (
            take(AMARA),
            reply(
                AMARA,
                "The console shows 90 days; older entries come from the archive. I have started the export: about 6 GB.",
            ),
        ),
    ),
    Story(
        "disk-latency",
        MAREK,
        "TECHNICAL",
        "MEDIUM",
        "Disk latency of the scanner database doubled",
        "Write latency went from 2 to 4 ms last Thursday and has stayed there. It is not critical yet.",
        (
            take(JONAS),
            priority(JONAS, "HIGH"),
            note(JONAS, "Three other customers on the same storage cell report it too."),
            reply(
                JONAS, "We see the same in this storage cell and raised the priority. Next news tomorrow before noon."
            ),
        ),
        ("disk-latency.png",),
    ),
)

OPEN = (
    Story(
        "autoscaler-stuck",
        LENA,
        "TECHNICAL",
        "HIGH",
        "Cluster autoscaler does not add nodes",
        "Pods stay Pending with 'insufficient cpu', the pool may grow to 12 nodes and has 6. Nothing in the events.",
        (),
        ("pending-pods.log",),
    ),
    Story(
        "payment-terms",
        PRIYA,
        "BILLING",
        "LOW",
        "Change our payment terms to 30 days",
        "We would like to pay by transfer within 30 days, no longer by card. Which papers do you need?",
    ),
    Story(
        "region-outage",
        MAREK,
        "TECHNICAL",
        "URGENT",
        "Warehouse application is down in eu-central-1",
        "All requests to the warehouse application fail since 15:20 UTC. Both zones. 140 people cannot work.",
        (reply(MAREK, "It comes back for some seconds and is gone again."),),
        ("error-rate.png",),
    ),
    Story(
        "function-cold-start",
        TOMAS,
        "TECHNICAL",
        "LOW",
        "Cold starts of functions with large packages",
        "A function with a 180 MB package takes 9 s for its first answer. Is there a way to keep one instance warm?",
    ),
    Story(
        "data-agreement",
        SOFIE,
        "GENERAL",
        "MEDIUM",
        "Signed data processing agreement",
        "Please send us the current data processing agreement, signed, with the list of sub-processors.",
    ),
    Story(
        "service-account-key",
        TOMAS,
        "ACCOUNT",
        "HIGH",
        "A service account key may have leaked",
        "A key was in a public repository for about ten minutes this morning. We have deleted it. Can you tell us whether "
        "anybody used it in that time?",
        (reply(TOMAS, "To be exact: between 08:12 and 08:23 UTC. The key's id ends in 7f3a."),),
    ),
    Story(
        "private-link",
        LENA,
        "GENERAL",
        "LOW",
        "Private connection to object storage",
        "Can instances reach object storage without going over the public address? Our auditors ask.",
    ),
    Story(
        "credit-note",
        PRIYA,
        "BILLING",
        "MEDIUM",
        "Credit note for the outage of 4 November",
        "According to the service level agreement we expect a credit for the two hours on 4 November. How do we get it?",
    ),
    Story(
        "cdn-stale",
        SOFIE,
        "TECHNICAL",
        "MEDIUM",
        "Content delivery network serves old files after a purge",
        "We purged /assets/* at 11:00. Readers in Madrid and Lisbon still got the old style sheet at 11:40.",
        (),
        ("stale-stylesheet.png",),
    ),
)

STORIES: tuple[Story, ...] = (*CLOSED, *RESOLVED, *WAITING, *IN_PROGRESS, *OPEN)
