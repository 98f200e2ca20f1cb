/**
 * The completion scripts. They know nothing of mailkey: on TAB they ask `mailkey completions words`, so a new command or account needs no
 * new script. Whatever comes back is data: no script evaluates it.
 *
 * The answer's first line says what the others are (`words`, `files`, `folders`); a word may be followed by a tab and a few words about it.
 */

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** Tells files of ours from the user's own. */
export const MARK = "written by mailkey completions";

const BASH = `# bash completion for mailkey, ${MARK}

_mailkey() {
  local kind="" line
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ -z $kind ]]; then
      kind=$line
    else
      COMPREPLY+=("$line")
    fi
  done < <(command mailkey completions words bash -- "\${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
  case $kind in
    files) compopt -o default ;;
    folders) compopt -o dirnames ;;
    words) [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace ;;
  esac
  return 0
}

complete -F _mailkey mailkey
`;

const ZSH = `#compdef mailkey
# zsh completion for mailkey, ${MARK}

_mailkey() {
  local kind line
  local -a lines values shown
  lines=("\${(@f)$(command mailkey completions words zsh -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
  kind=$lines[1]
  shift lines
  case $kind in
    files) _files; return ;;
    folders) _files -/; return ;;
    words) ;;
    *) return 1 ;;
  esac
  for line in "\${(@)lines}"; do
    [[ -n $line ]] || continue
    values+=("\${line%%$'\\t'*}")
    if [[ $line == *$'\\t'* ]]; then
      shown+=("\${line%%$'\\t'*}  -- \${line#*$'\\t'}")
    else
      shown+=("$line")
    fi
  done
  (( $#values )) && compadd -l -d shown -a values
}

if [[ $funcstack[1] == _mailkey ]]; then
  _mailkey "$@"
else
  compdef _mailkey mailkey
fi
`;

const FISH = `# fish completion for mailkey, ${MARK}

function __mailkey_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines (command mailkey completions words fish -- $words[2..-1] "$current" 2>/dev/null)
    switch "$lines[1]"
        case files
            __fish_complete_path "$current"
        case folders
            __fish_complete_directories "$current"
        case words
            test (count $lines) -gt 1; and printf '%s\\n' $lines[2..-1]
    end
end

complete -c mailkey -f -a '(__mailkey_complete)'
`;

export const SCRIPTS: Record<Shell, string> = { bash: BASH, zsh: ZSH, fish: FISH };
