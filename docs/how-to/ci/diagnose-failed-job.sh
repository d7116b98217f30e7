#!/bin/sh
# Runs a Cloud Run job and waits for it. When it fails, says why, and ends with gcloud's exit code all the same.
#
#   diagnose-failed-job.sh JOB [FLAG...]
#       runs `gcloud run jobs execute JOB --wait FLAG...`
#   diagnose-failed-job.sh --ended CODE FILE [FLAG...]
#       for a gcloud that has run already: its exit code, and a file with what it wrote to stderr
#
# The execution is the one that gcloud itself names, so runs at the same time are not mixed up. Log lines arrive late:
# the diagnosis is asked for again until no more of them come. In GitHub Actions the report goes to the job summary and
# the first cause becomes an annotation; elsewhere the report is printed.
#
# Needs gcloud, opsctl, and python3 (3.8 or later, nothing but its standard library) to read the JSON report: where
# opsctl runs there is a Python, while jq is missing in many images.
#
# Environment, all optional:
#   DIAGNOSE_OPTIONS          further options of `opsctl cloudrun diagnose`, separated by blanks: --profile prod --repo .
#   DIAGNOSE_TRIES            how often to ask at most (8)
#   DIAGNOSE_PAUSE_SECONDS    between two times (15)
#   DIAGNOSE_SETTLED_SECONDS  so long after the end of an execution its log is taken as complete (60)
set -u

main() {
    folder=$(mktemp -d) || exit 1
    trap 'rm -rf "$folder"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    if [ "${1-}" = --ended ]; then
        [ $# -ge 3 ] || usage
        code=$2
        cp "$3" "$folder/gcloud.txt" || exit 1
        shift 3
    else
        [ $# -ge 1 ] || usage
        execute "$@"
    fi
    [ "$code" -eq 0 ] || explain "$@"
    exit "$code"
}

usage() {
    echo "usage: $0 JOB [FLAG...] | --ended CODE FILE [FLAG...]" >&2
    exit 2
}

# Sets `code`. What gcloud prints goes where it would go without us; stderr is kept as well.
execute() {
    ignore_commands
    {
        {
            gcloud run jobs execute "$@" --wait 3>&-
            echo $? >"$folder/code"
        } 2>&1 >&3 3>&- | tee "$folder/gcloud.txt" >&2
    } 3>&1
    obey_commands
    code=$(cat "$folder/code" 2>/dev/null) || code=1
}

explain() {
    execution=$(find_execution)
    if [ -z "$execution" ]; then
        echo "gcloud names no execution: none was started, and there is nothing to diagnose." >&2
        return
    fi
    find_place "$@"
    ignore_commands
    diagnose
    obey_commands
    report
}

# After a failure gcloud writes: gcloud run jobs executions describe EXECUTION
find_execution() {
    tr -d '\r' <"$folder/gcloud.txt" |
        sed -n 's/^gcloud .*run jobs executions describe \([a-z][a-z0-9-]*\) *$/\1/p' | tail -n 1
}

# The same project and region as gcloud: of its flags, or of the link that it prints.
find_place() {
    region=$(sed -n 's|.*/run/jobs/executions/details/\([a-z0-9-]*\)/.*|\1|p' "$folder/gcloud.txt" | tail -n 1)
    project=
    before=
    for word in "$@"; do
        case $before in
            --region) region=$word ;;
            --project) project=$word ;;
        esac
        case $word in
            --region=*) region=${word#*=} ;;
            --project=*) project=${word#*=} ;;
        esac
        before=$word
    done
    [ -z "$region" ] || export OPSCTL_CLOUDRUN_REGION="$region"
    [ -z "$project" ] || export OPSCTL_CLOUDRUN_PROJECT="$project"
}

# Asks until the log is there, or the bound is reached; leaves evidence.json and report.json, those of the last time
# that there was a report.
diagnose() {
    tries=${DIAGNOSE_TRIES:-8}
    lines=-1
    while :; do
        # shellcheck disable=SC2086  # options are words
        opsctl cloudrun diagnose "$execution" ${DIAGNOSE_OPTIONS-} \
            --save-evidence "$folder/evidence.json" --force --output json --quiet >"$folder/answer.json"
        verdict=$(read_report judge "$folder/answer.json" "$lines" "${DIAGNOSE_SETTLED_SECONDS:-60}") || return
        lines=${verdict#* }
        if [ "$lines" -ge 0 ] || [ ! -f "$folder/report.json" ]; then
            mv "$folder/answer.json" "$folder/report.json"
        fi
        tries=$((tries - 1))
        if [ "${verdict% *}" = settled ] || [ "$tries" -le 0 ]; then
            return
        fi
        sleep "${DIAGNOSE_PAUSE_SECONDS:-15}"
    done
}

# The saved evidence gives the same report again, in any format, without asking anybody.
report() {
    if [ ! -f "$folder/evidence.json" ]; then
        :
    elif [ -n "${GITHUB_STEP_SUMMARY-}" ]; then
        opsctl cloudrun diagnose --from-evidence "$folder/evidence.json" --output markdown --quiet >"$folder/report.md"
        read_report append "$folder/report.md" "$GITHUB_STEP_SUMMARY" "$execution"
    else
        opsctl cloudrun diagnose --from-evidence "$folder/evidence.json" --quiet
        echo
    fi
    read_report annotate "$folder/report.json" "$execution" "${GITHUB_ACTIONS-}"
}

# What gcloud and programs print may look like a workflow command; the runner is told not to obey until a word follows
# that nobody can guess.
ignore_commands() {
    [ -n "${GITHUB_ACTIONS-}" ] || return 0
    word=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    echo "::stop-commands::$word" >&2
}

obey_commands() {
    [ -z "${GITHUB_ACTIONS-}" ] || echo "::$word::" >&2
}

read_report() {
    # shellcheck disable=SC2016  # the backticks are Markdown
    python3 -c '
import datetime, json, os, sys

def judge(path, lines_before, settled_seconds):
    """settled or early, and how many log lines there are now."""
    document = load(path)
    data = document.get("data")
    if not data:
        # Not there yet or not reachable may pass; a refusal or a wrong call does not.
        return "early -1" if document.get("exitCode") in (5, 7) else "settled -1"
    completeness = data["completeness"]
    status = {item["section"]: item["status"] for item in completeness["sections"]}.get("logs", "skipped")
    ended, lines = data["execution"]["completedAt"], completeness["logLines"]
    if data["execution"]["outcome"] == "running" or status in ("no_data", "error"):
        is_settled = False
    elif status in ("ok", "partial"):
        is_settled = lines == int(lines_before) or age_seconds(ended) >= float(settled_seconds)
    else:
        is_settled = True
    return "{} {}".format("settled" if is_settled else "early", lines)

def age_seconds(text):
    if not text:
        return 0.0
    now = datetime.datetime.now(datetime.timezone.utc)
    return (now - datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))).total_seconds()

def annotate(path, execution, in_github):
    title, message = execution + " failed", first_cause(load(path))
    if not in_github:
        return title + ": " + message
    return "::error title={}::{}".format(escape(title, ":,"), escape(message))

def first_cause(document):
    data, errors = document.get("data"), document.get("errors")
    if not data:
        return "opsctl cannot tell why: " + (errors[0]["message"] if errors else "it printed no report.")
    if not data["findings"]:
        return "no rule explains it. " + (data["execution"]["message"] or "")
    first = data["findings"][0]
    lines = ["{} ({:.0%}, {})".format(first["title"], first["probability"], first["verdict"])]
    lines += [first["evidence"][0]["excerpt"]] if first["evidence"] else [first["summary"]]
    lines += ["Fix: " + first["remedy"]["text"]] if first["remedy"] else []
    return "\n".join(lines)

def escape(text, further=""):
    """As workflow commands want it; control characters are left out, and no annotation is a novel."""
    plain = "".join(sign for sign in text[:2000] if sign.isprintable() or sign == "\n")
    for sign in "%\r\n" + further:
        plain = plain.replace(sign, "%{:02X}".format(ord(sign)))
    return plain

def append(report, summary, execution):
    """A step may write 1 MiB of summary; GitHub drops one that is longer as a whole."""
    with open(report, "rb") as file:
        text = file.read()
    room = (1 << 20) - (os.path.getsize(summary) if os.path.exists(summary) else 0)
    if len(text) > room:
        note = "\n*Cut: a job summary holds 1 MiB. All of it: `opsctl cloudrun diagnose {}`*\n".format(execution)
        kept = text[: max(0, room - len(note.encode()) - 8)].decode("utf-8", "ignore")
        kept = kept[: kept.rfind("\n") + 1]
        fences = sum(line.lstrip().startswith("```") for line in kept.splitlines())
        text = (kept + "```\n" * (fences % 2) + note).encode()
        if len(text) > room:
            sys.exit("The job summary is full: the report was not added.")
    with open(summary, "ab") as file:
        file.write(text)

def load(path):
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}

if hasattr(sys.stdout, "reconfigure"):
    sys.stdout.reconfigure(encoding="utf-8")
answer = {"judge": judge, "annotate": annotate, "append": append}[sys.argv[1]](*sys.argv[2:])
if answer is not None:
    print(answer)
' "$@"
}

main "$@"
