# Completion of opsctl for bash. Generated: python -m opsctl.cli.completion_files
# Load it with: source <(opsctl completion bash)

_opsctl() {
    local current previous path='' words='' options='' index=1 word
    current="${COMP_WORDS[COMP_CWORD]}"
    previous="${COMP_WORDS[COMP_CWORD-1]}"
    # bash splits --output=json into three words.
    if [[ $current == '=' ]]; then
        current=''
    elif [[ $previous == '=' ]]; then
        previous="${COMP_WORDS[COMP_CWORD-2]}"
    fi
    while ((index < COMP_CWORD)); do
        word="${COMP_WORDS[index]}"
        case "$word" in
            --) break ;;
            --profile|--config|--output|-o|--lang|--timeout|--interval|--limit|--where|--type|--workers|--shard|--shards|--from-job|--container|--name|--image|--parallelism|--operator|--only|--pod|--patience|--wait|--since|--tail|--max-pods|--class|--job|--project|--region|--repo|--from-evidence|--save-evidence|--task|--attempt|--severity|--contains|--max-download|--max-bytes|--output-file|--variant|--without)
                [[ ${COMP_WORDS[index+1]} == '=' ]] && index=$((index + 1))
                index=$((index + 1))
                ;;
            -*) ;;
            *)
                case "${path:+$path }$word" in
                    'status'|'migrate'|'migrate images'|'migrate manifest'|'migrate restart'|'migrate logs'|'migrate verify'|'migrate failures'|'cloudrun'|'cloudrun diagnose'|'cloudrun executions'|'cloudrun logs'|'cloudrun image'|'cloudrun image ls'|'cloudrun image cat'|'cloudrun image config'|'cloudrun rules'|'cloudrun rules list'|'cloudrun rules show'|'config'|'config init'|'config show'|'config check'|'lab'|'lab run'|'lab up'|'lab down'|'lab incident'|'lab incident list'|'lab incident write'|'completion'|'schema') path="${path:+$path }$word" ;;
                esac
                ;;
        esac
        index=$((index + 1))
    done
    COMPREPLY=()
    case "$previous" in
        --profile|--config|--output|-o|--lang|--timeout|--interval|--limit|--where|--type|--workers|--shard|--shards|--from-job|--container|--name|--image|--parallelism|--operator|--only|--pod|--patience|--wait|--since|--tail|--max-pods|--class|--job|--project|--region|--repo|--from-evidence|--save-evidence|--task|--attempt|--severity|--contains|--max-download|--max-bytes|--output-file|--variant|--without)
            _opsctl_value "$path $previous" "$current"
            return
            ;;
    esac
    case "$path" in
        '') options='--version -V --profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'status') options='--watch --interval --check --recount --profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'migrate') options='--profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'migrate images') options='--dry-run -n --yes -y --limit --where --type --workers --retry-failed --accept-failures --shard --shards --profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'migrate manifest') options='--from-job --container --name --image --shards --parallelism --operator --only --apply --dry-run -n --yes -y --replace --force --profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'migrate restart') options='--pod --recreate --force --patience --wait --dry-run -n --yes -y --profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'migrate logs') options='--pod --shard --container --since --tail --no-previous --max-pods --follow -f --profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'migrate verify') options='--profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'migrate failures') options='--class --profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'cloudrun') options='--profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'cloudrun diagnose') options='--job --latest --latest-failed --project --region --repo --no-image --from-evidence --save-evidence --force --profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'cloudrun executions') options='--job --limit --failed --project --region --profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'cloudrun logs') options='--task --attempt --severity --contains --tail --follow -f --interval --job --latest --latest-failed --project --region --profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'cloudrun image') options='--profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'cloudrun image ls') options='--recursive -R --max-download --project --region --profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'cloudrun image cat') options='--max-bytes --max-download --project --region --profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'cloudrun image config') options='--project --region --profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'cloudrun rules') options='--profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'cloudrun rules list') options='--profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'cloudrun rules show') options='--profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'config') options='--profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'config init') options='--force --yes -y --profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'config show') options='--profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'config check') options='--profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'lab') options='--profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'lab run') options='--keep --profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'lab up') options='--half-done --fresh --profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'lab down') options='--profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'lab incident') options='--profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'lab incident list') options='--answers --profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'lab incident write') options='--output-file --variant --only --without --force --profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'completion') options='--profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
        'schema') options='--profile --config --output -o --quiet -q --verbose -v --no-color --lang --timeout --exit-zero -h --help' ;;
    esac
    case "$path" in
        '') words='status migrate cloudrun config lab completion schema' ;;
        'migrate') words='images manifest restart logs verify failures' ;;
        'cloudrun') words='diagnose executions logs image rules' ;;
        'cloudrun image') words='ls cat config' ;;
        'cloudrun rules') words='list show' ;;
        'config') words='init show check' ;;
        'lab') words='run up down incident' ;;
        'lab incident') words='list write' ;;
        'lab incident write') words='o4o-api-migrations-h5x5h o4o-api-migrations-h5x5h-logs-denied o4o-api-migrations-k2p9d o4o-api-migrations-q8w3n o4o-api-migrations-d4m7s catalog-migrate-7fq2m ledger-close-9xk4d crm-migrate-w6p3s orders-schema-m2c8t thumbs-backfill-c5n1v billing-changelog-r4t8z reindex-j8d5w report-export-d3w9k slo-nightly-p7h4r backup-export-t5g2n schema-upgrade-v2x8q shop-migrate-z1y6h feed-import-x3m6p reprice-k9s2f' ;;
        'completion') words='bash zsh fish powershell' ;;
    esac
    if [[ $current == -* ]]; then
        _opsctl_reply "$options" "$current"
    else
        _opsctl_reply "$words" "$current"
    fi
}

_opsctl_value() {
    local current="$2"
    case "$1" in
        ' --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        ' --config') _opsctl_files -f "$current" ;;
        ' --output'|' -o') _opsctl_reply 'table json yaml markdown ndjson csv name text' "$current" ;;
        ' --lang') _opsctl_reply 'en ko' "$current" ;;
        'status --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'status --config') _opsctl_files -f "$current" ;;
        'status --output'|'status -o') _opsctl_reply 'table json yaml markdown ndjson' "$current" ;;
        'status --lang') _opsctl_reply 'en ko' "$current" ;;
        'migrate --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'migrate --config') _opsctl_files -f "$current" ;;
        'migrate --output'|'migrate -o') _opsctl_reply 'table json yaml markdown ndjson csv name text' "$current" ;;
        'migrate --lang') _opsctl_reply 'en ko' "$current" ;;
        'migrate images --type') _opsctl_reply 'basic exterior interior color' "$current" ;;
        'migrate images --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'migrate images --config') _opsctl_files -f "$current" ;;
        'migrate images --output'|'migrate images -o') _opsctl_reply 'table json yaml markdown' "$current" ;;
        'migrate images --lang') _opsctl_reply 'en ko' "$current" ;;
        'migrate manifest --only') _opsctl_reply 'job rights' "$current" ;;
        'migrate manifest --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'migrate manifest --config') _opsctl_files -f "$current" ;;
        'migrate manifest --output'|'migrate manifest -o') _opsctl_reply 'text json yaml markdown' "$current" ;;
        'migrate manifest --lang') _opsctl_reply 'en ko' "$current" ;;
        'migrate restart --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'migrate restart --config') _opsctl_files -f "$current" ;;
        'migrate restart --output'|'migrate restart -o') _opsctl_reply 'table json yaml markdown' "$current" ;;
        'migrate restart --lang') _opsctl_reply 'en ko' "$current" ;;
        'migrate logs --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'migrate logs --config') _opsctl_files -f "$current" ;;
        'migrate logs --output'|'migrate logs -o') _opsctl_reply 'table json yaml markdown text ndjson csv' "$current" ;;
        'migrate logs --lang') _opsctl_reply 'en ko' "$current" ;;
        'migrate verify --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'migrate verify --config') _opsctl_files -f "$current" ;;
        'migrate verify --output'|'migrate verify -o') _opsctl_reply 'table json yaml markdown' "$current" ;;
        'migrate verify --lang') _opsctl_reply 'en ko' "$current" ;;
        'migrate failures --class') _opsctl_reply 'gone refused exhausted not-an-image too-large placeholder blocked-address bad-url later ours unrecorded' "$current" ;;
        'migrate failures --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'migrate failures --config') _opsctl_files -f "$current" ;;
        'migrate failures --output'|'migrate failures -o') _opsctl_reply 'table json yaml markdown ndjson csv name' "$current" ;;
        'migrate failures --lang') _opsctl_reply 'en ko' "$current" ;;
        'cloudrun --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'cloudrun --config') _opsctl_files -f "$current" ;;
        'cloudrun --output'|'cloudrun -o') _opsctl_reply 'table json yaml markdown ndjson csv name text' "$current" ;;
        'cloudrun --lang') _opsctl_reply 'en ko' "$current" ;;
        'cloudrun diagnose --repo') _opsctl_files -f "$current" ;;
        'cloudrun diagnose --from-evidence') _opsctl_files -f "$current" ;;
        'cloudrun diagnose --save-evidence') _opsctl_files -f "$current" ;;
        'cloudrun diagnose --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'cloudrun diagnose --config') _opsctl_files -f "$current" ;;
        'cloudrun diagnose --output'|'cloudrun diagnose -o') _opsctl_reply 'table json yaml markdown' "$current" ;;
        'cloudrun diagnose --lang') _opsctl_reply 'en ko' "$current" ;;
        'cloudrun executions --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'cloudrun executions --config') _opsctl_files -f "$current" ;;
        'cloudrun executions --output'|'cloudrun executions -o') _opsctl_reply 'table json yaml markdown ndjson csv name' "$current" ;;
        'cloudrun executions --lang') _opsctl_reply 'en ko' "$current" ;;
        'cloudrun logs --severity') _opsctl_reply 'debug info default warning error fatal' "$current" ;;
        'cloudrun logs --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'cloudrun logs --config') _opsctl_files -f "$current" ;;
        'cloudrun logs --output'|'cloudrun logs -o') _opsctl_reply 'table json yaml markdown ndjson text' "$current" ;;
        'cloudrun logs --lang') _opsctl_reply 'en ko' "$current" ;;
        'cloudrun image --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'cloudrun image --config') _opsctl_files -f "$current" ;;
        'cloudrun image --output'|'cloudrun image -o') _opsctl_reply 'table json yaml markdown ndjson csv name text' "$current" ;;
        'cloudrun image --lang') _opsctl_reply 'en ko' "$current" ;;
        'cloudrun image ls --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'cloudrun image ls --config') _opsctl_files -f "$current" ;;
        'cloudrun image ls --output'|'cloudrun image ls -o') _opsctl_reply 'table json yaml markdown ndjson csv name' "$current" ;;
        'cloudrun image ls --lang') _opsctl_reply 'en ko' "$current" ;;
        'cloudrun image cat --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'cloudrun image cat --config') _opsctl_files -f "$current" ;;
        'cloudrun image cat --output'|'cloudrun image cat -o') _opsctl_reply 'text json yaml' "$current" ;;
        'cloudrun image cat --lang') _opsctl_reply 'en ko' "$current" ;;
        'cloudrun image config --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'cloudrun image config --config') _opsctl_files -f "$current" ;;
        'cloudrun image config --output'|'cloudrun image config -o') _opsctl_reply 'table json yaml markdown' "$current" ;;
        'cloudrun image config --lang') _opsctl_reply 'en ko' "$current" ;;
        'cloudrun rules --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'cloudrun rules --config') _opsctl_files -f "$current" ;;
        'cloudrun rules --output'|'cloudrun rules -o') _opsctl_reply 'table json yaml markdown ndjson csv name text' "$current" ;;
        'cloudrun rules --lang') _opsctl_reply 'en ko' "$current" ;;
        'cloudrun rules list --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'cloudrun rules list --config') _opsctl_files -f "$current" ;;
        'cloudrun rules list --output'|'cloudrun rules list -o') _opsctl_reply 'table json yaml markdown ndjson csv name' "$current" ;;
        'cloudrun rules list --lang') _opsctl_reply 'en ko' "$current" ;;
        'cloudrun rules show --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'cloudrun rules show --config') _opsctl_files -f "$current" ;;
        'cloudrun rules show --output'|'cloudrun rules show -o') _opsctl_reply 'table json yaml markdown' "$current" ;;
        'cloudrun rules show --lang') _opsctl_reply 'en ko' "$current" ;;
        'config --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'config --config') _opsctl_files -f "$current" ;;
        'config --output'|'config -o') _opsctl_reply 'table json yaml markdown ndjson csv name text' "$current" ;;
        'config --lang') _opsctl_reply 'en ko' "$current" ;;
        'config init --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'config init --config') _opsctl_files -f "$current" ;;
        'config init --output'|'config init -o') _opsctl_reply 'table json yaml markdown' "$current" ;;
        'config init --lang') _opsctl_reply 'en ko' "$current" ;;
        'config show --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'config show --config') _opsctl_files -f "$current" ;;
        'config show --output'|'config show -o') _opsctl_reply 'table json yaml markdown ndjson csv name' "$current" ;;
        'config show --lang') _opsctl_reply 'en ko' "$current" ;;
        'config check --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'config check --config') _opsctl_files -f "$current" ;;
        'config check --output'|'config check -o') _opsctl_reply 'table json yaml markdown ndjson csv name' "$current" ;;
        'config check --lang') _opsctl_reply 'en ko' "$current" ;;
        'lab --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'lab --config') _opsctl_files -f "$current" ;;
        'lab --output'|'lab -o') _opsctl_reply 'table json yaml markdown ndjson csv name text' "$current" ;;
        'lab --lang') _opsctl_reply 'en ko' "$current" ;;
        'lab run --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'lab run --config') _opsctl_files -f "$current" ;;
        'lab run --output'|'lab run -o') _opsctl_reply 'table json yaml markdown' "$current" ;;
        'lab run --lang') _opsctl_reply 'en ko' "$current" ;;
        'lab up --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'lab up --config') _opsctl_files -f "$current" ;;
        'lab up --output'|'lab up -o') _opsctl_reply 'table json yaml markdown' "$current" ;;
        'lab up --lang') _opsctl_reply 'en ko' "$current" ;;
        'lab down --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'lab down --config') _opsctl_files -f "$current" ;;
        'lab down --output'|'lab down -o') _opsctl_reply 'table json yaml markdown' "$current" ;;
        'lab down --lang') _opsctl_reply 'en ko' "$current" ;;
        'lab incident --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'lab incident --config') _opsctl_files -f "$current" ;;
        'lab incident --output'|'lab incident -o') _opsctl_reply 'table json yaml markdown ndjson csv name text' "$current" ;;
        'lab incident --lang') _opsctl_reply 'en ko' "$current" ;;
        'lab incident list --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'lab incident list --config') _opsctl_files -f "$current" ;;
        'lab incident list --output'|'lab incident list -o') _opsctl_reply 'table json yaml markdown ndjson csv name' "$current" ;;
        'lab incident list --lang') _opsctl_reply 'en ko' "$current" ;;
        'lab incident write --output-file') _opsctl_files -f "$current" ;;
        'lab incident write --only') _opsctl_reply 'execution tasks job logs baseline service_account secrets cloudsql image value_facts commits' "$current" ;;
        'lab incident write --without') _opsctl_reply 'execution tasks job logs baseline service_account secrets cloudsql image value_facts commits' "$current" ;;
        'lab incident write --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'lab incident write --config') _opsctl_files -f "$current" ;;
        'lab incident write --output'|'lab incident write -o') _opsctl_reply 'table json yaml markdown' "$current" ;;
        'lab incident write --lang') _opsctl_reply 'en ko' "$current" ;;
        'completion --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'completion --config') _opsctl_files -f "$current" ;;
        'completion --output'|'completion -o') _opsctl_reply 'table json yaml markdown' "$current" ;;
        'completion --lang') _opsctl_reply 'en ko' "$current" ;;
        'schema --profile') _opsctl_reply "$(_opsctl_profiles)" "$current" ;;
        'schema --config') _opsctl_files -f "$current" ;;
        'schema --output'|'schema -o') _opsctl_reply 'table json yaml markdown ndjson csv name text' "$current" ;;
        'schema --lang') _opsctl_reply 'en ko' "$current" ;;
    esac
}

_opsctl_reply() {
    local line
    while IFS= read -r line; do
        COMPREPLY+=("$line")
    done < <(compgen -W "$1" -- "$2")
}

_opsctl_files() {
    local line
    compopt -o filenames 2>/dev/null
    while IFS= read -r line; do
        COMPREPLY+=("$line")
    done < <(compgen "$1" -- "$2")
}

_opsctl_profiles() {
    local file="${OPSCTL_CONFIG:-}" folder="$PWD"
    while [[ -z $file && -n $folder ]]; do
        [[ -f $folder/opsctl.toml ]] && file="$folder/opsctl.toml"
        folder="${folder%/*}"
    done
    [[ -n $file ]] || file="${XDG_CONFIG_HOME:-$HOME/.config}/opsctl/opsctl.toml"
    [[ -r $file ]] && sed -n 's/^ *\[profiles\.\([A-Za-z0-9_-]*\)[].].*/\1/p' "$file" | sort -u
}

complete -F _opsctl opsctl
