"""Random reports of plays in the client usage templates and in logs, and what becomes of every row.

Standard library only, and nothing of the program under test: which month a play is in, which plays are dropped, filtered and rejected, and what each
track adds up to in each territory and tier. Usage: plays.py TRANSPOSE FIRST LAST FOLDER, which converts an input for each seed from FIRST to LAST.
"""

import csv
import datetime
import json
import os
import random
import subprocess
import sys
from collections import Counter, defaultdict

UTC = datetime.timezone.utc
TRACKS = {
    "48100037": ("SENW02600001", "5099910041482", "Salt and Rain", 214),
    "48103885": ("USNW02600105", "099000087906", "Empty Engines", 357),
    "48104255": ("JPNW02600115", "5099910092125", "Open Notebook", 269),
}
PLANS = {"premium": "Prem", "free": "Free"}
TEMPLATES = {
    "massivemusic.client-usage.subscription": (
        "Report Generated Date,Partner ID,Stream ID,Logged Date Time,Format ID,Country,Play Mode,User ID,Service,Track ID,Duration played,Total Duration,"
        "Device Name,API Key Name,Plan Code,Release UPC,Release Artist,Label Group Name,GRID,Release Name,Item Identifier Code,Item Artist,Item Name"
    ),
    "massivemusic.client-usage.preview": (
        "Report Generated,Stream ID,Logged Date Time,Country,Play Mode,Play Type,Service,Track ID,Duration played,Total Duration,Device Name,API KEY Name,"
        "Release UPC,Release Artist,Label Group Name,GRID,Release Name,Item Identifier Code,Item Artist,Item Name"
    ),
    "massivemusic.client-usage.catalogue": (
        "Report Generated,Stream ID,User ID,Logged Date Time,Country,End Reason,Format ID,PlayMode,Service,Track ID,Duration Played,Total Duration,Device Name,"
        "API Key Name,Release UPC,Release Artist,Label Group Name,GRID,Release Name,Item Identifier Code,Item Artist,Item Name"
    ),
    "massivemusic.log.catalogue": "id,datetimelogged,userid,trackid,releaseid,formatid,datetimeplayed,totaltimeplayed,endreason,useragent,country",
    "massivemusic.log.preview": "userId,country,trackId,dateTimePlayed,totalTimePlayed,userAgent,playMode,playType",
    "massivemusic.log.sale": "userId,releaseId,trackId,packageId,country,transactionId,retailPrice,currency,postalCode,emailAddress,dateTimeSold",
    "massivemusic.log.subscription": "id,dateTimeLogged,userId,country,trackId,releaseId,formatId,playMode,dateTimePlayed,totalTimePlayed,userAgent",
}


def offset(zone, moment):
    """How far the clocks of a zone are ahead of UTC, in minutes. Clocks in Berlin go back on 25 October at 01:00 UTC."""
    if zone == "Europe/Berlin":
        return 120 if moment < datetime.datetime(2026, 10, 25, 1, tzinfo=UTC) else 60
    return {"UTC": 0, "+02:00": 120, "-05:00": -300, "+05:45": 345}[zone]


def notation(chance, moment):
    """A moment as someone may write it."""
    ahead = chance.choice([0, 0, 0, 60, 120, -300, 345])
    local = moment + datetime.timedelta(minutes=ahead)
    text = local.strftime("%Y-%m-%dT%H:%M:%S")
    sign = "-" if ahead < 0 else "+"
    return text + ("Z" if ahead == 0 and chance.randrange(2) else f"{sign}{abs(ahead) // 60:02}:{abs(ahead) % 60:02}")


def spelled(chance, isrc):
    return chance.choice([isrc, isrc, f"{isrc[:2]}-{isrc[2:5]}-{isrc[5:7]}-{isrc[7:]}", isrc.lower()])


def row(chance, template, number, play):
    isrc, upc, title, seconds = TRACKS[play["track"]]
    cells = {
        "Report Generated Date": "2026-11-10", "Report Generated": "2026-11-10", "Partner ID": "4021", "Stream ID": f"play-{number}", "id": f"play-{number}",
        "Logged Date Time": play["written"], "dateTimePlayed": play["written"], "dateTimeLogged": "2026-11-05T00:00:00Z", "Format ID": "33", "formatId": "33",
        "Country": play["territory"], "country": play["territory"], "Play Mode": "online", "PlayMode": "online", "playMode": "online", "Play Type": "view",
        "End Reason": "naturalEnd", "User ID": f"u{chance.randrange(4)}", "userId": "u1", "Service": "Svc", "Track ID": play["track"], "trackId": play["track"],
        "releaseId": "9100001", "Duration played": play["duration"], "Duration Played": play["duration"], "totalTimePlayed": play["duration"],
        "Total Duration": str(seconds), "Device Name": "d", "API Key Name": "k", "API KEY Name": "k", "Plan Code": play["plan"], "Release UPC": upc,
        "Release Artist": "A", "Label Group Name": "L", "GRID": "", "Release Name": "R", "Item Identifier Code": spelled(chance, isrc), "Item Artist": "A",
        "Item Name": title, "userAgent": "Player/7.1", "endReason": "naturalEnd", "playType": "view",
        "packageId": "2", "transactionId": f"tx-{number}", "retailPrice": "0.99", "currency": "EUR", "postalCode": "", "emailAddress": "",
        "dateTimeSold": play["written"],
    }
    cells = {heading.lower(): cell for heading, cell in cells.items()}
    return ",".join(cells[heading.lower()] for heading in TEMPLATES[template].split(","))


def write(seed, folder):
    chance = random.Random(int(seed))
    template = list(TEMPLATES)[int(seed) % len(TEMPLATES)]
    zone = chance.choice(["UTC", "+02:00", "-05:00", "+05:45", "Europe/Berlin"])
    duplicates = chance.choice(["off", "report", "drop"])
    if template in ("massivemusic.log.preview", "massivemusic.log.sale"):
        duplicates = "off"  # Their rows have no ids of events.
    below = chance.choice([None, "drop", "not-royalty-bearing"])
    is_sold = template == "massivemusic.log.sale"
    if is_sold:
        below = None  # What is sold has no length.
    by_plan = template == "massivemusic.client-usage.subscription"
    lines, ledger, seconds, rows = [], Counter(), Counter(), defaultdict(Counter)
    begin = datetime.datetime(2026, 9, 29, tzinfo=UTC)
    for number in range(chance.randrange(1, 40)):
        # Often near the ends of the month, where zones matter.
        edge = chance.choice([datetime.datetime(2026, 10, 1, tzinfo=UTC), datetime.datetime(2026, 11, 1, tzinfo=UTC)])
        moment = begin + datetime.timedelta(seconds=chance.randrange(36 * 86400))
        if chance.randrange(3) == 0:
            moment = edge + datetime.timedelta(seconds=chance.choice([-1, 0, 1, 7199, 7200, -7200, -3600, 3600, 18000, -20700, 17999]))
        played = 0 if is_sold else chance.choice([0, 1, 29, 30, 31, 90, 214])
        play = {
            "track": chance.choice(list(TRACKS)), "territory": chance.choice(["FR", "GB", "DE"]), "plan": chance.choice(list(PLANS)),
            "written": notation(chance, moment), "duration": str(played),
        }
        wrong = None
        if chance.randrange(12) == 0:
            wrong, key, cell = chance.choice([
                ("SHT0302", "territory", "QQ"), ("SHT0208", "written", "yesterday"),
            ] + ([] if is_sold else [("SHT0209", "duration", "long")]) + ([("DEA0301", "plan", "unheard-of")] if by_plan else []))
            play[key] = cell
            played = 0 if key == "duration" else played
            # What cannot be read and lies outside as well is one or the other.
            moment = datetime.datetime(2026, 10, 12, tzinfo=UTC)
            if key != "written":
                play["written"] = notation(chance, moment)
        line = row(chance, template, number, play)
        times = 2 if chance.randrange(8) == 0 and not wrong else 1
        for time in range(times):
            lines.append(line)
            local = moment + datetime.timedelta(minutes=offset(zone, moment))
            if wrong:
                outcome = f"rejected/{wrong}"
            elif (local.year, local.month) != (2026, 10):
                outcome = "filtered/outside-period"
            elif time and duplicates == "drop":
                outcome = "filtered/duplicate"
            elif below == "drop" and played < 30:
                outcome = "filtered/below-threshold"
            else:
                outcome = "converted"
                bearing = below is None or played >= 30
                key = (play["territory"], PLANS[play["plan"]] if by_plan else "Svc", play["track"])
                rows["|".join(key)].update({"plays": 1, "qualified": int(bearing), "seconds": played})
            for part in (outcome, "read"):
                ledger[part] += 1
                seconds[part] += played
    with open(os.path.join(folder, "in.csv"), "w", encoding="utf-8", newline="") as out:
        out.write(TEMPLATES[template] + "\n" + "".join(line + "\n" for line in lines))
    head = '[sender]\nparty-id = "PADPIDA2026100101S"\nname = "S"\n[message]\nservice = "Svc"\n[money]\ncurrency = "EUR"\n'
    if below:
        head += f'[qualifying-play]\nminimum-seconds = 30\nbelow = "{below}"\n'
    rule = 'commercial-model = "SubscriptionModel"\nuse-type = "OnDemandStream"\n'
    for plan, tier in PLANS.items() if by_plan else [(None, "Svc")]:
        head += "[[context]]\n" + (f'when = {{ plan = "{plan}" }}\n' if plan else "") + rule + f'service = "{tier}"\n'
    if is_sold:
        head += '[price]\nplaces = 2\nrounding = "half-up"\n'
        head += "".join(f'[[shop]]\nterritory = "{territory}"\ncurrency = "EUR"\ntax = "20"\n' for territory in ["FR", "GB", "DE"])
    with open(os.path.join(folder, "ag.toml"), "w", encoding="utf-8") as out:
        out.write(head)
    # A log names its tracks by ids, which a catalogue describes.
    with open(os.path.join(folder, "catalogue.csv"), "w", encoding="utf-8") as out:
        out.write("trackId,isrc,title,artist\n" + "".join(f"{track},{isrc},{title},A\n" for track, (isrc, _, title, _) in TRACKS.items()))
    arguments = ["--from", template, "--period", "2026-10", "--time-zone", zone, "--duplicates", duplicates, "--chunk-size", str(chance.choice([100, 1000, 100000]))]
    arguments += ["--catalogue", "catalogue.csv"] if template.startswith("massivemusic.log") else []
    with open(os.path.join(folder, "arguments.txt"), "w", encoding="utf-8") as out:
        out.write("\n".join(arguments))
    with open(os.path.join(folder, "expected.json"), "w", encoding="utf-8") as out:
        json.dump({"ledger": ledger, "seconds": seconds, "rows": rows}, out)


def check(folder):
    with open(os.path.join(folder, "expected.json"), encoding="utf-8") as lines:
        expected = json.load(lines)
    with open(os.path.join(folder, "receipt.json"), encoding="utf-8") as lines:
        told = json.load(lines)["ledger"]
    flat = {"read": told["read"], "converted": told["converted"]}
    for part in ("rejected", "filtered"):
        flat |= {f"{part}/{reason}": amounts for reason, amounts in told.get(part, {}).items()}
    wrong = []
    for part in set(flat) | set(expected["ledger"]):
        amounts = flat.get(part, {"rows": 0, "plays": "0", "seconds": "0"})
        found = [amounts["rows"], int(amounts["plays"]), float(amounts["seconds"])]
        wanted = [expected["ledger"].get(part, 0)] * 2 + [float(expected["seconds"].get(part, 0))]
        if found != wanted:
            wrong.append(f"{part}: {found} instead of {wanted}")
    rows = defaultdict(Counter)
    with open(os.path.join(folder, "out.csv"), encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            rows["|".join([row["Territory"], row["Service"], row["Track id"]])].update(
                {"plays": int(row["Plays"]), "qualified": int(row["Qualified plays"] or 0), "seconds": int(row["Played seconds"] or 0)}
            )
    if dict(rows) != expected["rows"]:
        differences = [key for key in set(rows) | set(expected["rows"]) if dict(rows.get(key, {})) != expected["rows"].get(key, {})]
        wrong += [f"{key}: {dict(rows.get(key, {}))} instead of {expected['rows'].get(key)}" for key in differences]
    return wrong


def main(program, first, last, folder):
    for seed in range(int(first), int(last) + 1):
        write(seed, folder)
        with open(os.path.join(folder, "arguments.txt"), encoding="utf-8") as lines:
            arguments = lines.read().splitlines()
        command = [program, "convert", "in.csv", *arguments, "--agreement", "ag.toml", "--to", "label.standard", "-o", "out.csv", "--overwrite"]
        command += ["--on-reject", "quarantine", "--quarantine", "rejects.csv", "--receipt", "receipt.json", "--max-filtered", "100"]
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        wrong = [ran.stderr] if ran.returncode > 1 else check(folder)
        if wrong:
            sys.exit(f"seed {seed}:\n" + "\n".join(wrong))


main(*sys.argv[1:])
