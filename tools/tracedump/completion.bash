# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for tracedump: commands and options are what its own help says, so there is no second list.

_tracedump()
{
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} program=${COMP_WORDS[0]} command='' word

    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        [[ $word == -* ]] || { command=$word; break; }
    done
    COMPREPLY=()
    if [[ -z $command || $command == help ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$("$program" help 2>/dev/null | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p') $([[ $command == help ]] && echo filter)" \
            -- "$current")
        [[ -n $command || $current != -* ]] || mapfile -t COMPREPLY < <(compgen -W '--version --help --no-pager --color=' -- "$current")
        return
    fi
    case $previous in
        --filter | --from | --to | --limit | --interval | --idle) return ;;
    esac
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$("$program" help "$command" 2>/dev/null | grep -o -- '--[a-z][a-z-]*' | sort -u)" -- "$current")
        return
    fi
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
    compopt -o filenames 2>/dev/null
}

complete -F _tracedump tracedump
