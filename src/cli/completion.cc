#include "cli/completion.h"

#include <string_view>

#include "os/startup.h"

namespace release {
namespace {

constexpr std::string_view kBash = R"sh(# bash completion for release
_release() {
  local word=${COMP_WORDS[COMP_CWORD]} verb= i given=()
  local verbs="deploy stage activate rollback list status check history verify
    diff prune pin unpin recover init intake notify confirm abort pack serve
    completion"
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      -a | --app | --root | --config)
        given+=("${COMP_WORDS[i]}" "${COMP_WORDS[i + 1]}")
        ((i++)) ;;
      -*) ;;
      *) [[ -z $verb ]] && verb=${COMP_WORDS[i]} ;;
    esac
  done
  case ${COMP_WORDS[COMP_CWORD - 1]} in
    --root | --from) mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
    --config | --attestation | --signature) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
    --color)
      mapfile -t COMPREPLY < <(compgen -W "auto always never" -- "$word")
      return ;;
    -a | --app)
      local apps=(/etc/release/*.toml)
      apps=("${apps[@]##*/}")
      mapfile -t COMPREPLY < <(compgen -W "${apps[*]%.toml}" -- "$word")
      return ;;
  esac
  if [[ $word == -* ]]; then
    local flags="--app --root --config --json --quiet --verbose --dry-run
      --wait --color --progress --help"
    case $verb in
      deploy) flags+=" --version --sha256 --attestation --signature
        --strip-components --confirm-within" ;;
      stage) flags+=" --version --sha256 --attestation --signature
        --strip-components" ;;
      activate) flags+=" --confirm-within" ;;
      rollback) flags+=" --reason" ;;
      status) flags+=" --check --metrics" ;;
      history) flags+=" --count --follow" ;;
      verify) flags+=" --all" ;;
      recover) flags+=" --no-service" ;;
      init) flags+=" --adopt --from --version --leave-out" ;;
      serve) flags+=" --allow" ;;
      notify) flags+=" --due" ;;
      pack) flags+=" --output --version" ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$word")
    return
  fi
  case $verb in
    "") mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$word") ;;
    deploy | stage | pack) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    activate | rollback | verify | diff | pin | unpin)
      mapfile -t COMPREPLY < <(compgen -W \
        "$(release "${given[@]}" list -q 2>/dev/null)" -- "$word") ;;
    completion)
      mapfile -t COMPREPLY < <(compgen -W "bash zsh fish" -- "$word") ;;
  esac
}
complete -o filenames -F _release release
)sh";

constexpr std::string_view kZsh = R"sh(#compdef release
# zsh completion for release
_release_versions() {
  local -a given versions
  local i
  for ((i = 2; i < $#words; i++)); do
    case $words[i] in
      -a | --app | --root | --config) given+=($words[i] $words[i+1]) ;;
    esac
  done
  versions=(${(f)"$(release $given list -q 2>/dev/null)"})
  compadd -a versions
}
_release() {
  local curcontext=$curcontext state line
  local verbs='deploy stage activate rollback list status check history verify
    diff prune pin unpin recover init intake notify confirm abort pack serve
    completion'
  _arguments -C \
    '(-a --app)'{-a,--app}'[the app]:app:(/etc/release/*.toml(N:t:r))' \
    '--root[the root of the app]:directory:_directories' \
    '--config[the config file]:file:_files' \
    '--json[print one JSON object]' \
    '(-q --quiet)'{-q,--quiet}'[print only data and errors]' \
    '(-v --verbose)'{-v,--verbose}'[tell each step as it begins]' \
    '(-n --dry-run)'{-n,--dry-run}'[change nothing]' \
    '--progress[form of the progress]:form:(text json)' \
    '--wait=-[wait for the lock]::duration:' \
    '--color[color words]:when:(auto always never)' \
    "1:command:(${(z)verbs})" \
    '*::argument:->argument'
  [[ $state == argument ]] || return
  case $line[1] in
    deploy | stage | pack) _files ;;
    activate | rollback | verify | diff | pin | unpin) _release_versions ;;
    completion) compadd bash zsh fish ;;
  esac
}
# Run as a function of $fpath it completes at once; sourced it registers.
if [[ $funcstack[1] == _release ]]; then
  _release "$@"
else
  compdef _release release
fi
)sh";

constexpr std::string_view kFish = R"sh(# fish completion for release
function __release_versions
  set -l given
  set -l words (commandline -opc)
  for i in (seq (count $words))
    if contains -- $words[$i] -a --app --root --config
      set given $given $words[$i] $words[(math $i + 1)]
    end
  end
  release $given list -q 2>/dev/null
end
set -l verbs deploy stage activate rollback list status check history verify \
  diff prune pin unpin recover init intake notify confirm abort pack serve \
  completion
complete -c release -f
complete -c release -n "not __fish_seen_subcommand_from $verbs" -a "$verbs"
complete -c release -n "__fish_seen_subcommand_from deploy stage pack" -F
complete -c release -a "(__release_versions)" \
  -n "__fish_seen_subcommand_from activate rollback verify diff pin unpin"
complete -c release -n "__fish_seen_subcommand_from init" -l adopt
complete -c release -n "__fish_seen_subcommand_from init" -l from -x \
  -a "(__fish_complete_directories)"
complete -c release -n "__fish_seen_subcommand_from init" -l leave-out -x
complete -c release -n "__fish_seen_subcommand_from completion" \
  -a "bash zsh fish"
complete -c release -s a -l app -x
complete -c release -l root -x -a "(__fish_complete_directories)"
complete -c release -l config -r -F
complete -c release -l json
complete -c release -s q -l quiet
complete -c release -s v -l verbose
complete -c release -s n -l dry-run
complete -c release -l progress -x -a "text json"
complete -c release -l wait
complete -c release -l color -x -a "auto always never"
)sh";

}  // namespace

int PrintCompletion(const std::string& shell) {
  WriteOut(shell == "bash" ? kBash : shell == "zsh" ? kZsh : kFish);
  return 0;
}

}  // namespace release
