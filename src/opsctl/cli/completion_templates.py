"""The fixed parts of the completion scripts. `@NAME@` marks where the tables of `completion_scripts` go."""

BASH = r"""# Completion of opsctl for bash. Generated: python -m opsctl.cli.completion_files
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
            @TAKES_VALUE@)
                [[ ${COMP_WORDS[index+1]} == '=' ]] && index=$((index + 1))
                index=$((index + 1))
                ;;
            -*) ;;
            *)
                case "${path:+$path }$word" in
                    @PATHS@) path="${path:+$path }$word" ;;
                esac
                ;;
        esac
        index=$((index + 1))
    done
    COMPREPLY=()
    case "$previous" in
        @TAKES_VALUE@)
            _opsctl_value "$path $previous" "$current"
            return
            ;;
    esac
    case "$path" in
@OPTIONS@
    esac
    case "$path" in
@WORDS@
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
@VALUES@
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
"""

ZSH = r"""#compdef opsctl
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
            @TAKES_VALUE@) ((index++)) ;;
            -*) ;;
            *)
                joined="${path_words:+$path_words }$word"
                case "$joined" in
                    @PATHS@) path_words="$joined" ;;
                esac
                ;;
        esac
        ((index++))
    done
    case "$previous" in
        @TAKES_VALUE@)
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
@OPTIONS@
    esac
    case "$1" in
@WORDS@
    esac
    commands_here=("${words[@]}")
}

_opsctl_value() {
    case "$1" in
@VALUES@
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
"""

FISH = r"""# Completion of opsctl for fish. Generated: python -m opsctl.cli.completion_files
# Put it into ~/.config/fish/completions/opsctl.fish, or load it with: opsctl completion fish | source

function __opsctl_path
    set -l paths @PATHS@
    set -l path
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case --
                break
            case @TAKES_VALUE@
                set skip 1
            case '-*'
                continue
            case '*'
                set -l joined (string join ' ' $path $word)
                contains -- $joined $paths; and set path $joined
        end
    end
    echo $path
end

function __opsctl_at
    set -l path (__opsctl_path)
    test "$path" = "$argv[1]"
end

function __opsctl_profiles
    set -l file $OPSCTL_CONFIG
    set -l folder $PWD
    while test -z "$file" -a -n "$folder"
        test -f $folder/opsctl.toml; and set file $folder/opsctl.toml
        set folder (string replace -r '/[^/]*$' '' -- $folder)
    end
    set -l config $XDG_CONFIG_HOME
    test -n "$config"; or set config $HOME/.config
    test -n "$file"; or set file $config/opsctl/opsctl.toml
    test -r "$file"; and sed -n 's/^ *\[profiles\.\([A-Za-z0-9_-]*\)[].].*/\1/p' $file | sort -u
end

complete -c opsctl -f
@COMPLETIONS@
"""

POWERSHELL = r"""# Completion of opsctl for PowerShell. Generated: python -m opsctl.cli.completion_files
# Load it with: opsctl completion powershell | Out-String | Invoke-Expression

Register-ArgumentCompleter -Native -CommandName opsctl -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $wordsAt = @{
@WORDS@
    }
    $optionsAt = @{
@OPTIONS@
    }
    $valuesAt = @{
@VALUES@
    }
    $takesValue = @(@TAKES_VALUE@)
    $path = ''
    $previous = ''
    foreach ($element in @($commandAst.CommandElements | Select-Object -Skip 1)) {
        if ($element.Extent.EndOffset -ge $cursorPosition -and $wordToComplete -ne '') { break }
        $word = $element.ToString()
        if (-not ($takesValue -ccontains $previous) -and -not $word.StartsWith('-')) {
            $joined = ($path + ' ' + $word).Trim()
            if ($optionsAt.ContainsKey($joined)) { $path = $joined }
        }
        $previous = $word
    }
    if ($takesValue -ccontains $previous) {
        $candidates = $valuesAt[($path + ' ' + $previous)]
    }
    elseif ($wordToComplete.StartsWith('-')) {
        $candidates = $optionsAt[$path]
    }
    else {
        $candidates = $wordsAt[$path]
    }
    $candidates | Where-Object { $_ -clike "$wordToComplete*" } | ForEach-Object {
        [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
    }
}
"""
