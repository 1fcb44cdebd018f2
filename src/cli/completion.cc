#include "cli/completion.h"

#include <string_view>

#include "os/startup.h"

namespace release {
namespace {

// Each script asks the program that was typed, and not the `release` in PATH,
// so that it also completes a program with another path or name. The scripts
// know no command or option themselves and need not be updated with the
// program.

constexpr std::string_view kBash = R"sh(# bash completion for release
_release() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files) compopt -o default ;;
      :directories) compopt -o dirnames ;;
      *) COMPREPLY+=("${line%%$'\t'*}") ;;
    esac
  done < <("${1/#~\//$HOME/}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _release release
)sh";

constexpr std::string_view kZsh = R"sh(#compdef release
# zsh completion for release
_release() {
  local line program=${words[1]/#\~\//$HOME/}
  local -a candidates
  for line in "${(@f)$("$program" __complete "${(@Q)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}"; do
    case $line in
      '') ;;
      :files) compset -P '--*='; _files ;;
      :directories) compset -P '--*='; _files -/ ;;
      *) candidates+=("${line/$'\t'/:}") ;;
    esac
  done
  (( $#candidates )) && _describe release candidates
}
# As a function of $fpath it completes at once; sourced, it registers itself.
if [[ $funcstack[1] == _release ]]; then
  _release "$@"
else
  compdef _release release
fi
)sh";

constexpr std::string_view kFish = R"sh(# fish completion for release
function __release_candidates
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  for line in ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
    switch $line
      case :files
        __fish_complete_path "$current"
      case :directories
        __fish_complete_directories "$current"
      case '*'
        echo $line
    end
  end
end
complete -c release -f -a "(__release_candidates)"
)sh";

}  // namespace

int PrintCompletion(const std::string& shell) {
  WriteOut(shell == "bash" ? kBash : shell == "zsh" ? kZsh : kFish);
  return 0;
}

}  // namespace release
