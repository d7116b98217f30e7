#compdef opsctl
# Completion of opsctl for zsh. Generated: python -m opsctl.cli.completion_files
# Put it into a folder of $fpath as _opsctl, or load it with: source <(opsctl completion zsh)

_opsctl() {
    local previous="${words[CURRENT-1]}" current="${words[CURRENT]}" path_words='' word joined
    local -a commands_here options
    integer index=2
    while ((index < CURRENT)); do
        word="${words[index]}"
        case "$word" in
            --) break ;;
            --profile|--config|--output|-o|--lang|--timeout|--interval|--limit|--where|--type|--workers|--shard|--shards|--from-job|--container|--name|--image|--parallelism|--operator|--only|--pod|--patience|--wait|--since|--tail|--max-pods|--class|--job|--project|--region|--repo|--from-evidence|--save-evidence|--task|--attempt|--severity|--contains|--max-download|--max-bytes|--output-file|--variant|--without) ((index++)) ;;
            -*) ;;
            *)
                joined="${path_words:+$path_words }$word"
                case "$joined" in
                    'status'|'migrate'|'migrate images'|'migrate manifest'|'migrate restart'|'migrate logs'|'migrate verify'|'migrate failures'|'cloudrun'|'cloudrun diagnose'|'cloudrun executions'|'cloudrun logs'|'cloudrun image'|'cloudrun image ls'|'cloudrun image cat'|'cloudrun image config'|'cloudrun rules'|'cloudrun rules list'|'cloudrun rules show'|'config'|'config init'|'config show'|'config check'|'lab'|'lab run'|'lab up'|'lab down'|'lab incident'|'lab incident list'|'lab incident write'|'completion'|'schema') path_words="$joined" ;;
                esac
                ;;
        esac
        ((index++))
    done
    case "$previous" in
        --profile|--config|--output|-o|--lang|--timeout|--interval|--limit|--where|--type|--workers|--shard|--shards|--from-job|--container|--name|--image|--parallelism|--operator|--only|--pod|--patience|--wait|--since|--tail|--max-pods|--class|--job|--project|--region|--repo|--from-evidence|--save-evidence|--task|--attempt|--severity|--contains|--max-download|--max-bytes|--output-file|--variant|--without)
            _opsctl_value "$path_words $previous"
            return
            ;;
    esac
    case "$current" in
        --*=*)
            local option="${current%%=*}"
            compset -P '*='
            _opsctl_value "$path_words $option"
            return
            ;;
    esac
    _opsctl_tables "$path_words"
    if [[ $current == -* ]]; then
        _describe -o 'option' options
    else
        _describe 'command' commands_here
    fi
}

_opsctl_tables() {
    local -a words
    case "$1" in
        '') options=('--version:Show the version (with -o json: of libraries too).' '-V:Show the version (with -o json: of libraries too).' '--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'status') options=('--watch:Look again and again until the migration is complete.' '--interval:Pause between two looks of --watch.' '--check:End with 8 while it is not complete and nothing is wrong.' '--recount:Count every document, image and object, however long it takes.' '--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'migrate') options=('--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'migrate images') options=('--dry-run:Say what would be done; change nothing.' '-n:Say what would be done; change nothing.' '--yes:Do not ask before writing.' '-y:Do not ask before writing.' '--limit:Stop after this many documents.' '--where:Only documents that match this MongoDB filter (extended JSON).' '--type:Only images of this type; may be given several times.' '--workers:Images in flight at once.' '--retry-failed:Try finally failed images again, and those that another tool skipped.' '--accept-failures:End with 0 when all that is missing are images that failed for good.' '--shard:Only this part of the collection, counted from 0; other processes do the others.' '--shards:How many parts there are; which one, the Job'\''s environment says.' '--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'migrate manifest') options=('--from-job:Take over image, environment, volumes of a Job.' '--container:Which container of that Job, if it has several.' '--name:Name of the new Job, else the profile'\''s.' '--image:Image with opsctl in it.' '--shards:Into how many parts the collection is cut.' '--parallelism:Pods at once, else one for each shard.' '--operator:Who may run the commands: User:kim, Group:on-call, ServiceAccount:NAMESPACE/NAME; several times.' '--only:Only the Job, or only what people need for it.' '--apply:Show what differs from the cluster, ask, and change that.' '--dry-run:With --apply: let the server check it; change nothing.' '-n:With --apply: let the server check it; change nothing.' '--yes:Do not ask before changing anything.' '-y:Do not ask before changing anything.' '--replace:With --apply: delete a Job that cannot be changed, and create it anew.' '--force:With --replace: although another process is at work on the migration.' '--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'migrate restart') options=('--pod:This pod, stuck or not; may be given several times.' '--recreate:Delete the Job and create it again with the same specification.' '--force:Although a process that is no pod of the Job is at work.' '--patience:A pod hangs when nothing was finished for this long.' '--wait:How long to wait for progress afterwards.' '--dry-run:Say what is stuck and what would be done.' '-n:Say what is stuck and what would be done.' '--yes:Do not ask before deleting anything.' '-y:Do not ask before deleting anything.' '--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'migrate logs') options=('--pod:Only this pod; may be given several times.' '--shard:Only pods of this shard; may be given several times.' '--container:Only this container; init containers by name only.' '--since:Only what is newer: an age, or a time.' '--tail:The last N lines of each container; 1000 without --since.' '--no-previous:Without what containers wrote before they were restarted.' '--max-pods:At most so many pods; running and failed ones first.' '--follow:Go on until the Job has ended.' '-f:Go on until the Job has ended.' '--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'migrate verify') options=('--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'migrate failures') options=('--class:Only this class; may be given several times.' '--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'cloudrun') options=('--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'cloudrun diagnose') options=('--job:The job that was executed.' '--latest:The newest execution of --job.' '--latest-failed:The newest execution of --job that failed.' '--project:Google Cloud project.' '--region:Region of the job; searched for when not known.' '--repo:Git checkout: what changed since the last success.' '--no-image:Do not look into the container image.' '--from-evidence:Read an evidence file; touches no network.' '--save-evidence:Write what was read, redacted (.json or .json.gz).' '--force:Let --save-evidence replace a file.' '--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'cloudrun executions') options=('--job:The same, as an option.' '--limit:How many at most.' '--failed:Only those that failed.' '--project:Project id.' '--region:Region; else all regions.' '--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'cloudrun logs') options=('--task:Only this task.' '--attempt:Only this attempt; 0 is the first.' '--severity:Only this level and worse, as far as it is told.' '--contains:Only lines with this text; case is ignored.' '--tail:Only the last N lines.' '--follow:Go on until the execution has ended.' '-f:Go on until the execution has ended.' '--interval:Pause between two reads of --follow.' '--job:With --latest or --latest-failed.' '--latest:The newest execution of --job.' '--latest-failed:The newest one that failed.' '--project:Project id.' '--region:Region; else it is searched.' '--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'cloudrun image') options=('--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'cloudrun image ls') options=('--recursive:Everything below, not only the next.' '-R:Everything below, not only the next.' '--max-download:Download no more of the layers.' '--project:Project id.' '--region:Region of the execution.' '--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'cloudrun image cat') options=('--max-bytes:Write no more of the file.' '--max-download:Download no more of the layers.' '--project:Project id.' '--region:Region of the execution.' '--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'cloudrun image config') options=('--project:Project id.' '--region:Region of the execution.' '--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'cloudrun rules') options=('--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'cloudrun rules list') options=('--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'cloudrun rules show') options=('--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'config') options=('--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'config init') options=('--force:Replace a file that is there.' '--yes:Do not ask.' '-y:Do not ask.' '--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'config show') options=('--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'config check') options=('--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'lab') options=('--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'lab run') options=('--keep:Leave the lab up at the end.' '--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'lab up') options=('--half-done:Leave the first 95 documents as the old Job would have left them.' '--fresh:Seed the sample again, also when the lab is up.' '--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'lab down') options=('--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'lab incident') options=('--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'lab incident list') options=('--answers:Tell the causes, and what each one teaches.' '--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'lab incident write') options=('--output-file:File or folder; a name in .json.gz compresses.' '--variant:Only the evidence of this variant.' '--only:Only this section; may be given several times.' '--without:Without it; may be given several times.' '--force:Replace a file that is there.' '--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'completion') options=('--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
        'schema') options=('--profile:Profile of the configuration.' '--config:Configuration file.' '--output:Output format.' '-o:Output format.' '--quiet:Only errors on stderr: no progress, no notes.' '-q:Only errors on stderr: no progress, no notes.' '--verbose:More on stderr; -vv with tracebacks.' '-v:More on stderr; -vv with tracebacks.' '--no-color:No colour.' '--lang:Language of reports.' '--timeout:Give up after this long.' '--exit-zero:End with 0 instead of 3, 4 and 8.' '-h:Show this help.' '--help:Show this help.') ;;
    esac
    case "$1" in
        '') words=('status:How far the migration is: counts, rate, time left, contradictions.' 'migrate:The migration of vehicle images to S3: run it, verify it, see what failed.' 'cloudrun:Cloud Run job executions: why one failed, and the causes that can be told.' 'config:The configuration: create it, see where each value comes from, try the services.' 'lab:All of it on this machine: local servers, sample data, a whole migration.' 'completion:Print the completion script of a shell.' 'schema:Print the JSON Schema of a command'\''s output.') ;;
        'migrate') words=('images:Fetch the images, store them in S3, record them in Mongo.' 'manifest:What runs it on Kubernetes: print it, or apply it.' 'restart:What is stuck on Kubernetes, and why: mend it, wait for it.' 'logs:What the pods of its Kubernetes Job say, merged by time.' 'verify:Compare Mongo with S3, object by object.' 'failures:What failed, why, and when it is tried again.') ;;
        'cloudrun') words=('diagnose:Why an execution failed: ranked causes.' 'executions:The executions of a job, and how each ended.' 'logs:The log of an execution, by task and attempt.' 'image:The container image that an execution ran, without docker.' 'rules:The causes that a diagnosis can name, each with its page.') ;;
        'cloudrun image') words=('ls:What is in it, and which layer has it.' 'cat:One of its files.' 'config:What it starts, with what, its layers.') ;;
        'cloudrun rules') words=('list:Every cause and what it needs.' 'show:The page of one cause.') ;;
        'config') words=('init:Write a commented starter file.' 'show:Every value, and where it comes from.' 'check:Try every configured service and say what is missing.') ;;
        'lab') words=('run:Start the lab, seed it, migrate, verify.' 'up:Start the local servers with sample data.' 'down:Stop the local servers.' 'incident:Practice incidents: recorded executions to try the diagnosis on.') ;;
        'lab incident') words=('list:What there is to practise on.' 'write:Write one as an evidence file.') ;;
        'lab incident write') words=('o4o-api-migrations-h5x5h' 'o4o-api-migrations-h5x5h-logs-denied' 'o4o-api-migrations-k2p9d' 'o4o-api-migrations-q8w3n' 'o4o-api-migrations-d4m7s' 'catalog-migrate-7fq2m' 'ledger-close-9xk4d' 'crm-migrate-w6p3s' 'orders-schema-m2c8t' 'thumbs-backfill-c5n1v' 'billing-changelog-r4t8z' 'reindex-j8d5w' 'report-export-d3w9k' 'slo-nightly-p7h4r' 'backup-export-t5g2n' 'schema-upgrade-v2x8q' 'shop-migrate-z1y6h' 'feed-import-x3m6p' 'reprice-k9s2f') ;;
        'completion') words=('bash' 'zsh' 'fish' 'powershell') ;;
    esac
    commands_here=("${words[@]}")
}

_opsctl_value() {
    case "$1" in
        ' --profile') compadd -- $(_opsctl_profiles) ;;
        ' --config') _files ;;
        ' --output'|' -o') compadd -- 'table' 'json' 'yaml' 'markdown' 'ndjson' 'csv' 'name' 'text' ;;
        ' --lang') compadd -- 'en' 'ko' ;;
        'status --profile') compadd -- $(_opsctl_profiles) ;;
        'status --config') _files ;;
        'status --output'|'status -o') compadd -- 'table' 'json' 'yaml' 'markdown' 'ndjson' ;;
        'status --lang') compadd -- 'en' 'ko' ;;
        'migrate --profile') compadd -- $(_opsctl_profiles) ;;
        'migrate --config') _files ;;
        'migrate --output'|'migrate -o') compadd -- 'table' 'json' 'yaml' 'markdown' 'ndjson' 'csv' 'name' 'text' ;;
        'migrate --lang') compadd -- 'en' 'ko' ;;
        'migrate images --type') compadd -- 'basic' 'exterior' 'interior' 'color' ;;
        'migrate images --profile') compadd -- $(_opsctl_profiles) ;;
        'migrate images --config') _files ;;
        'migrate images --output'|'migrate images -o') compadd -- 'table' 'json' 'yaml' 'markdown' ;;
        'migrate images --lang') compadd -- 'en' 'ko' ;;
        'migrate manifest --only') compadd -- 'job' 'rights' ;;
        'migrate manifest --profile') compadd -- $(_opsctl_profiles) ;;
        'migrate manifest --config') _files ;;
        'migrate manifest --output'|'migrate manifest -o') compadd -- 'text' 'json' 'yaml' 'markdown' ;;
        'migrate manifest --lang') compadd -- 'en' 'ko' ;;
        'migrate restart --profile') compadd -- $(_opsctl_profiles) ;;
        'migrate restart --config') _files ;;
        'migrate restart --output'|'migrate restart -o') compadd -- 'table' 'json' 'yaml' 'markdown' ;;
        'migrate restart --lang') compadd -- 'en' 'ko' ;;
        'migrate logs --profile') compadd -- $(_opsctl_profiles) ;;
        'migrate logs --config') _files ;;
        'migrate logs --output'|'migrate logs -o') compadd -- 'table' 'json' 'yaml' 'markdown' 'text' 'ndjson' 'csv' ;;
        'migrate logs --lang') compadd -- 'en' 'ko' ;;
        'migrate verify --profile') compadd -- $(_opsctl_profiles) ;;
        'migrate verify --config') _files ;;
        'migrate verify --output'|'migrate verify -o') compadd -- 'table' 'json' 'yaml' 'markdown' ;;
        'migrate verify --lang') compadd -- 'en' 'ko' ;;
        'migrate failures --class') compadd -- 'gone' 'refused' 'exhausted' 'not-an-image' 'too-large' 'placeholder' 'blocked-address' 'bad-url' 'later' 'ours' 'unrecorded' ;;
        'migrate failures --profile') compadd -- $(_opsctl_profiles) ;;
        'migrate failures --config') _files ;;
        'migrate failures --output'|'migrate failures -o') compadd -- 'table' 'json' 'yaml' 'markdown' 'ndjson' 'csv' 'name' ;;
        'migrate failures --lang') compadd -- 'en' 'ko' ;;
        'cloudrun --profile') compadd -- $(_opsctl_profiles) ;;
        'cloudrun --config') _files ;;
        'cloudrun --output'|'cloudrun -o') compadd -- 'table' 'json' 'yaml' 'markdown' 'ndjson' 'csv' 'name' 'text' ;;
        'cloudrun --lang') compadd -- 'en' 'ko' ;;
        'cloudrun diagnose --repo') _files ;;
        'cloudrun diagnose --from-evidence') _files ;;
        'cloudrun diagnose --save-evidence') _files ;;
        'cloudrun diagnose --profile') compadd -- $(_opsctl_profiles) ;;
        'cloudrun diagnose --config') _files ;;
        'cloudrun diagnose --output'|'cloudrun diagnose -o') compadd -- 'table' 'json' 'yaml' 'markdown' ;;
        'cloudrun diagnose --lang') compadd -- 'en' 'ko' ;;
        'cloudrun executions --profile') compadd -- $(_opsctl_profiles) ;;
        'cloudrun executions --config') _files ;;
        'cloudrun executions --output'|'cloudrun executions -o') compadd -- 'table' 'json' 'yaml' 'markdown' 'ndjson' 'csv' 'name' ;;
        'cloudrun executions --lang') compadd -- 'en' 'ko' ;;
        'cloudrun logs --severity') compadd -- 'debug' 'info' 'default' 'warning' 'error' 'fatal' ;;
        'cloudrun logs --profile') compadd -- $(_opsctl_profiles) ;;
        'cloudrun logs --config') _files ;;
        'cloudrun logs --output'|'cloudrun logs -o') compadd -- 'table' 'json' 'yaml' 'markdown' 'ndjson' 'text' ;;
        'cloudrun logs --lang') compadd -- 'en' 'ko' ;;
        'cloudrun image --profile') compadd -- $(_opsctl_profiles) ;;
        'cloudrun image --config') _files ;;
        'cloudrun image --output'|'cloudrun image -o') compadd -- 'table' 'json' 'yaml' 'markdown' 'ndjson' 'csv' 'name' 'text' ;;
        'cloudrun image --lang') compadd -- 'en' 'ko' ;;
        'cloudrun image ls --profile') compadd -- $(_opsctl_profiles) ;;
        'cloudrun image ls --config') _files ;;
        'cloudrun image ls --output'|'cloudrun image ls -o') compadd -- 'table' 'json' 'yaml' 'markdown' 'ndjson' 'csv' 'name' ;;
        'cloudrun image ls --lang') compadd -- 'en' 'ko' ;;
        'cloudrun image cat --profile') compadd -- $(_opsctl_profiles) ;;
        'cloudrun image cat --config') _files ;;
        'cloudrun image cat --output'|'cloudrun image cat -o') compadd -- 'text' 'json' 'yaml' ;;
        'cloudrun image cat --lang') compadd -- 'en' 'ko' ;;
        'cloudrun image config --profile') compadd -- $(_opsctl_profiles) ;;
        'cloudrun image config --config') _files ;;
        'cloudrun image config --output'|'cloudrun image config -o') compadd -- 'table' 'json' 'yaml' 'markdown' ;;
        'cloudrun image config --lang') compadd -- 'en' 'ko' ;;
        'cloudrun rules --profile') compadd -- $(_opsctl_profiles) ;;
        'cloudrun rules --config') _files ;;
        'cloudrun rules --output'|'cloudrun rules -o') compadd -- 'table' 'json' 'yaml' 'markdown' 'ndjson' 'csv' 'name' 'text' ;;
        'cloudrun rules --lang') compadd -- 'en' 'ko' ;;
        'cloudrun rules list --profile') compadd -- $(_opsctl_profiles) ;;
        'cloudrun rules list --config') _files ;;
        'cloudrun rules list --output'|'cloudrun rules list -o') compadd -- 'table' 'json' 'yaml' 'markdown' 'ndjson' 'csv' 'name' ;;
        'cloudrun rules list --lang') compadd -- 'en' 'ko' ;;
        'cloudrun rules show --profile') compadd -- $(_opsctl_profiles) ;;
        'cloudrun rules show --config') _files ;;
        'cloudrun rules show --output'|'cloudrun rules show -o') compadd -- 'table' 'json' 'yaml' 'markdown' ;;
        'cloudrun rules show --lang') compadd -- 'en' 'ko' ;;
        'config --profile') compadd -- $(_opsctl_profiles) ;;
        'config --config') _files ;;
        'config --output'|'config -o') compadd -- 'table' 'json' 'yaml' 'markdown' 'ndjson' 'csv' 'name' 'text' ;;
        'config --lang') compadd -- 'en' 'ko' ;;
        'config init --profile') compadd -- $(_opsctl_profiles) ;;
        'config init --config') _files ;;
        'config init --output'|'config init -o') compadd -- 'table' 'json' 'yaml' 'markdown' ;;
        'config init --lang') compadd -- 'en' 'ko' ;;
        'config show --profile') compadd -- $(_opsctl_profiles) ;;
        'config show --config') _files ;;
        'config show --output'|'config show -o') compadd -- 'table' 'json' 'yaml' 'markdown' 'ndjson' 'csv' 'name' ;;
        'config show --lang') compadd -- 'en' 'ko' ;;
        'config check --profile') compadd -- $(_opsctl_profiles) ;;
        'config check --config') _files ;;
        'config check --output'|'config check -o') compadd -- 'table' 'json' 'yaml' 'markdown' 'ndjson' 'csv' 'name' ;;
        'config check --lang') compadd -- 'en' 'ko' ;;
        'lab --profile') compadd -- $(_opsctl_profiles) ;;
        'lab --config') _files ;;
        'lab --output'|'lab -o') compadd -- 'table' 'json' 'yaml' 'markdown' 'ndjson' 'csv' 'name' 'text' ;;
        'lab --lang') compadd -- 'en' 'ko' ;;
        'lab run --profile') compadd -- $(_opsctl_profiles) ;;
        'lab run --config') _files ;;
        'lab run --output'|'lab run -o') compadd -- 'table' 'json' 'yaml' 'markdown' ;;
        'lab run --lang') compadd -- 'en' 'ko' ;;
        'lab up --profile') compadd -- $(_opsctl_profiles) ;;
        'lab up --config') _files ;;
        'lab up --output'|'lab up -o') compadd -- 'table' 'json' 'yaml' 'markdown' ;;
        'lab up --lang') compadd -- 'en' 'ko' ;;
        'lab down --profile') compadd -- $(_opsctl_profiles) ;;
        'lab down --config') _files ;;
        'lab down --output'|'lab down -o') compadd -- 'table' 'json' 'yaml' 'markdown' ;;
        'lab down --lang') compadd -- 'en' 'ko' ;;
        'lab incident --profile') compadd -- $(_opsctl_profiles) ;;
        'lab incident --config') _files ;;
        'lab incident --output'|'lab incident -o') compadd -- 'table' 'json' 'yaml' 'markdown' 'ndjson' 'csv' 'name' 'text' ;;
        'lab incident --lang') compadd -- 'en' 'ko' ;;
        'lab incident list --profile') compadd -- $(_opsctl_profiles) ;;
        'lab incident list --config') _files ;;
        'lab incident list --output'|'lab incident list -o') compadd -- 'table' 'json' 'yaml' 'markdown' 'ndjson' 'csv' 'name' ;;
        'lab incident list --lang') compadd -- 'en' 'ko' ;;
        'lab incident write --output-file') _files ;;
        'lab incident write --only') compadd -- 'execution' 'tasks' 'job' 'logs' 'baseline' 'service_account' 'secrets' 'cloudsql' 'image' 'value_facts' 'commits' ;;
        'lab incident write --without') compadd -- 'execution' 'tasks' 'job' 'logs' 'baseline' 'service_account' 'secrets' 'cloudsql' 'image' 'value_facts' 'commits' ;;
        'lab incident write --profile') compadd -- $(_opsctl_profiles) ;;
        'lab incident write --config') _files ;;
        'lab incident write --output'|'lab incident write -o') compadd -- 'table' 'json' 'yaml' 'markdown' ;;
        'lab incident write --lang') compadd -- 'en' 'ko' ;;
        'completion --profile') compadd -- $(_opsctl_profiles) ;;
        'completion --config') _files ;;
        'completion --output'|'completion -o') compadd -- 'table' 'json' 'yaml' 'markdown' ;;
        'completion --lang') compadd -- 'en' 'ko' ;;
        'schema --profile') compadd -- $(_opsctl_profiles) ;;
        'schema --config') _files ;;
        'schema --output'|'schema -o') compadd -- 'table' 'json' 'yaml' 'markdown' 'ndjson' 'csv' 'name' 'text' ;;
        'schema --lang') compadd -- 'en' 'ko' ;;
    esac
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

if [[ $funcstack[1] == _opsctl ]]; then
    _opsctl "$@"
else
    compdef _opsctl opsctl
fi
