"""A customer opens a ticket and an agent solves it, through the public API, on real servers."""

from __future__ import annotations

import subprocess
import sys
import zlib
from typing import Any

import requests

from deploy.local.settings import PROJECT
from deploy.local.stack import Stack
from tests.integration.api import Person

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde"
    b"\x00\x00\x00\x0cIDATx\x9cc\xf8\xcf\xc0\x00\x00\x03\x01\x01\x00\xc9\xfe\x92\xef\x00\x00\x00\x00IEND\xaeB`\x82"
)
MARKER = "xylophone-secret-marker"


def cards(person: Person, position: int | None = None) -> dict[str, int]:
    query = "" if position is None else f"?min_position={position}"
    return person.get(f"/tickets/statistics{query}")["cards"]


def test_a_ticket_from_beginning_to_end(ada: Person, ben: Person, url: str) -> None:
    live = ada.live()
    before = cards(ada)
    picture = ada.upload(PNG, "screen shot.png")
    assert (picture["content_type"], picture["size"]) == ("image/png", len(PNG))

    opened = ada.open(attachments=[picture["id"]])
    path = f"/tickets/{opened['id']}"
    assert opened["number"].startswith("CF-")
    assert opened["status"] == "OPEN"
    assert [file["filename"] for file in opened["attachments"]] == ["screen shot.png"]
    assert opened["first_response_due_at"] > opened["created_at"]
    assert cards(ada, opened["position"]) == {**before, "total": before["total"] + 1, "open": before["open"] + 1}

    queue = ben.get("/tickets?status=OPEN&assignee=none&limit=100")
    assert opened["id"] in [ticket["id"] for ticket in queue["items"]]
    file = ben.request("GET", f"/attachments/{picture['id']}?inline=1")
    assert file.content == PNG
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in file.headers["Content-Security-Policy"]

    taken = ben.send(f"{path}/assign", {"assignee": {"id": ben.id, "name": ben.name}})
    assert (taken["status"], taken["assignee"]["name"]) == ("IN_PROGRESS", "Ben")
    ben.send(f"{path}/messages", {"body": f"The switch again? {MARKER}", "internal": True})
    ben.send(f"{path}/messages", {"body": "I am looking into it."})
    asked = ben.send(f"{path}/request-information", {"body": "Which zone is it in?"})
    waiting = ada.get(f"{path}?min_position={asked['position']}")
    assert (waiting["status"], waiting["unread_count"], waiting["message_count"]) == ("WAITING_ON_CUSTOMER", 2, 2)

    answered = ada.send(f"{path}/messages", {"body": "Zone b."})
    assert answered["ticket_status"] == "IN_PROGRESS"
    solved = ben.send(f"{path}/resolve", {"body": "The switch was replaced."})
    assert solved["status"] == "RESOLVED"
    assert solved["closes_at"] > solved["resolved_at"]
    rated = ada.send(f"{path}/satisfaction", {"score": 5, "comment": "Quick, thank you"})
    assert rated["satisfaction"]["score"] == 5
    after = cards(ada, rated["position"])
    assert after == {**before, "total": before["total"] + 1, "resolved": before["resolved"] + 1}

    thread = ada.get(f"{path}/messages?min_position={rated['position']}")
    assert [message["body"] for message in thread["items"]] == [
        "I am looking into it.",
        "Which zone is it in?",
        "Zone b.",
        "The switch was replaced.",
    ]
    history = ada.get(f"{path}/history")["items"]
    assert [line["to_status"] for line in history if line["to_status"]] == [
        "IN_PROGRESS",
        "WAITING_ON_CUSTOMER",
        "IN_PROGRESS",
        "RESOLVED",
    ]
    live.until_position(rated["position"])
    live.close()
    assert [name for _, name, data in live.items if data["ticket_id"] == opened["id"]] == [
        line["name"] for line in history
    ]
    noted = ben.get(f"{path}/messages")["items"]
    assert [message["internal"] for message in noted] == [True, False, False, False, False]
    asked_then = ada.get(f"{path}?as_of=5")
    assert (asked_then["status"], len(asked_then["messages"])) == ("WAITING_ON_CUSTOMER", 2)

    ben.send(f"{path}/close")
    assert ada.refused(f"{path}/messages", {"body": "One more thing"}) == (409, "ticket_closed")
    follow_up = ada.open(subject="One more thing", follow_up_to=opened["id"])
    assert follow_up["follow_up_to"] == opened["id"]


def test_a_customer_sees_nothing_of_another(ada: Person, chi: Person, ben: Person) -> None:
    live = chi.live()
    file = ada.upload(PNG, "mine.png")
    opened = ada.open(subject=f"Mine {MARKER}", attachments=[file["id"]])
    path = f"/tickets/{opened['id']}"
    note_file = ben.upload(b"internal log", "internal.txt")
    note = ben.send(f"{path}/messages", {"body": f"note {MARKER}", "internal": True, "attachments": [note_file["id"]]})
    last = ben.send(f"{path}/resolve", {"body": "done"})

    for sub in ("", "/messages", "/history", "/draft", "/live", "?as_of=0"):
        assert chi.refused(path + sub, method="GET") == (404, "ticket_not_found"), sub
    commands: dict[str, Any] = {
        "/messages": {"body": "hello"},
        "/resolve": {},
        "/reopen": {},
        "/satisfaction": {"score": 1},
        "/read": {"revision": 1},
    }
    for sub, body in commands.items():
        assert chi.refused(path + sub, body) == (404, "ticket_not_found"), sub
    assert chi.refused(f"{path}/draft", {"body": "x", "attachments": []}, method="PUT") == (404, "ticket_not_found")
    missing = chi.request("GET", "/tickets/6f1c2a54-0d3e-4b7a-9a61-3c1f5e8d7b99").json()
    foreign = chi.request("GET", path).json()
    for body in (missing, foreign):
        del body["correlation_id"]
        body.pop("instance", None)
    assert missing == foreign

    for sub in ("/assign", "/priority", "/category", "/close", "/request-information"):
        body = {
            "/assign": {"assignee": None},
            "/priority": {"priority": "LOW"},
            "/category": {"category": "BILLING"},
            "/request-information": {"body": "x"},
        }.get(sub, {})
        assert chi.request("POST", path + sub, body).status_code in (403, 404), sub
    assert ada.request("POST", f"{path}/messages", {"body": "x", "internal": True}).status_code == 403

    assert chi.refused(f"/attachments/{file['id']}", method="GET") == (404, "attachment_not_found")
    assert ada.refused(f"/attachments/{note_file['id']}", method="GET") == (404, "attachment_not_found")
    assert chi.refused(
        "/tickets",
        {
            "subject": "theft",
            "category": "GENERAL",
            "priority": "LOW",
            "description": "of a file",
            "attachments": [file["id"]],
        },
    ) == (422, "attachment_not_found")
    position = last["position"]
    assert chi.get(f"/tickets?q={MARKER}&min_position={position}")["total"] == 0
    assert chi.get(f"/tickets?min_position={position}")["total"] == 0
    assert cards(chi, position)["total"] == 0
    assert chi.refused("/events?after=-1", method="GET") == (403, "role_required")

    mine = ada.get(f"/tickets?q=note&min_position={position}")
    assert mine["total"] == 0
    for sub in ("", "/messages", "/history"):
        answer = ada.request("GET", f"{path}{sub}")
        assert "note " + MARKER not in answer.text
        assert note["id"] not in answer.text
    live.until_position(position)
    live.close()
    assert live.items == []


def test_notes_reach_agents_live_and_no_customer(ada: Person, ben: Person, eva: Person) -> None:
    opened = ada.open()
    # from behind the opening, which the gateway may be about to hand out
    customer, agent = ada.live(after=opened["position"]), eva.live(after=opened["position"])
    note = ben.send(f"/tickets/{opened['id']}/messages", {"body": MARKER, "internal": True})
    agent.until(lambda: any(item[1] == "NoteAdded" for item in agent.items))
    customer.until_position(note["position"])
    assert customer.items == []
    for stream in (customer, agent):
        stream.close()


def test_two_agents_who_change_different_things_both_succeed(ada: Person, ben: Person, eva: Person) -> None:
    opened = ada.open()
    path = f"/tickets/{opened['id']}"
    seen = ben.request("GET", f"{path}?min_position={opened['position']}").headers["ETag"]
    ben.send(f"{path}/priority", {"priority": "LOW"})
    eva.send(f"{path}/category", {"category": "BILLING"})
    now = ben.get(f"{path}?min_position={eva.send(f'{path}/priority', {'priority': 'URGENT'})['position']}")
    assert (now["priority"], now["category"]) == ("URGENT", "BILLING")
    stale = eva.request("POST", f"{path}/assign", {"assignee": None}, headers={"If-Match": seen})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_revision")
    fresh = ben.request("GET", path).headers["ETag"]
    done = eva.request(
        "POST", f"{path}/assign", {"assignee": {"id": eva.id, "name": "Eva"}}, headers={"If-Match": fresh}
    )
    assert done.status_code == 200


def test_the_same_key_has_one_effect(ada: Person) -> None:
    body = {"subject": "Only once", "category": "GENERAL", "priority": "LOW", "description": "Please."}
    first = ada.request("POST", "/tickets", body, key="the-key")
    again = ada.request("POST", "/tickets", body, key="the-key")
    assert again.status_code == first.status_code == 201
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    other = ada.request("POST", "/tickets", {**body, "subject": "Another"}, key="the-key")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert ada.get(f"/tickets?min_position={first.json()['position']}")["total"] == 1


def test_live_resumes_without_a_gap_or_a_double(ada: Person, ben: Person) -> None:
    live = ada.live()
    opened = ada.open()
    path = f"/tickets/{opened['id']}"
    live.until_position(opened["position"])
    live.close()
    sent = [ben.send(f"{path}/messages", {"body": f"message {number}"})["position"] for number in range(5)]
    resumed = ada.live(after=opened["position"])
    sent.append(ben.send(f"{path}/messages", {"body": "message 5"})["position"])
    resumed.until(lambda: len([item for item in resumed.items if item[1] == "MessagePosted"]) == 6)
    resumed.close()
    bodies = [data["message"]["body"] for _, name, data in resumed.items if name == "MessagePosted"]
    assert bodies == [f"message {number}" for number in range(6)]
    positions = [position for position, _, _ in resumed.items]
    assert positions == sorted(set(positions))


def test_other_systems_read_the_same_log_without_gaps(ada: Person, ben: Person) -> None:
    start = ada.open()["position"]
    opened = ada.open()
    ben.send(f"/tickets/{opened['id']}/resolve", {})
    items, after = [], start
    while True:
        page = ben.get(f"/events?after={after}&limit=2")
        items += page["items"]
        if page["caught_up"]:
            break
        after = page["position"]
    mine = [event for event in items if event["stream"] == f"ticket-{opened['id']}"]
    assert [(event["name"], event["revision"]) for event in mine] == [("TicketOpened", 0), ("TicketResolved", 1)]
    assert mine[1]["metadata"]["actor"]["role"] == "agent"


def test_what_the_read_models_say_is_what_the_log_says(system: Stack) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "services.tickets", "verify"],
        env=system.env_for("tickets"),
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 differences in all" in done.stdout


def test_big_files_come_through_whole_and_too_big_ones_do_not(ada: Person) -> None:
    content = zlib.compress(b"x" * 10) + bytes(range(256)) * 4 * 1024 * 5
    stored = ada.upload(content, "core.bin")
    assert stored["size"] == len(content)
    assert ada.request("GET", f"/attachments/{stored['id']}").content == content
    part = ada.request("GET", f"/attachments/{stored['id']}", headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, content[100:200])
    try:
        answer = ada.request("POST", "/attachments", files={"file": ("big.bin", b"\0" * (26 * 1024 * 1024))})
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    except requests.ConnectionError:
        # the gateway may hang up on somebody who goes on sending
        pass
